// Checks that the repository still reads like the picture in its design: `node dist/scripts/house-rules.js [root]`.
import { checkTree, houseRules, violationLine } from './house-rules/check-tree.ts';
import { readTree } from './house-rules/read-tree.ts';

const tree = readTree(process.argv[2] ?? process.cwd());
const violations = checkTree(tree);
for (const violation of violations) process.stdout.write(`${violationLine(violation)}\n`);
process.stdout.write(
  violations.length === 0
    ? `house rules: ${tree.files.length} files, ${houseRules.length} rules, no violation\n`
    : `house rules: ${violations.length} violation${violations.length === 1 ? '' : 's'}\n`,
);
process.exitCode = violations.length === 0 ? 0 : 1;
