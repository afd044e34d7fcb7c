// A program for tests: makes an owned folder below the one it is given, names it, and stays until it is killed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeOwnedFolder } from '../../src/support/owned-folder.ts';

const { path } = await makeOwnedFolder(process.argv[2] ?? '');
writeFileSync(join(path, 'picture.jpg'), 'half a picture');
process.stdout.write(`${path}\n`);
process.stdin.resume();
process.stdin.on('end', () => process.exit());
