// Writes one durable file into the folder it is given and says `written` or the error's code; strace breaks it meanwhile.
import { errorCode } from '../../src/support/errors.ts';
import { openDurableFolder } from '../../src/support/durable-file.ts';
import { DURABLE_NAME, DURABLE_PARTS } from './durable-sample.ts';

const folder = await openDurableFolder(process.argv[2] ?? '');
try {
  await folder.write(DURABLE_NAME, DURABLE_PARTS);
  process.stdout.write('written');
} catch (error) {
  process.stdout.write(errorCode(error) ?? 'no code');
}
