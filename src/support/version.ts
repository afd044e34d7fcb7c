// The version of this program, from its package.json: the one place where it stands.
import { fileURLToPath } from 'node:url';
import { readSystemText } from './files.ts';

/** `0.0.0` only where the package lost its package.json. */
export async function programVersion(): Promise<string> {
  const text = await readSystemText(fileURLToPath(new URL('../../../package.json', import.meta.url)));
  const json: unknown = JSON.parse(text ?? '{}');
  const named = typeof json === 'object' && json !== null && 'version' in json ? json.version : undefined;
  return typeof named === 'string' ? named : '0.0.0';
}
