// What is allowed, for each kind of error that neither a format nor a rule between keys tells; it decides nothing.
import { deviceId } from './formats.ts';

export const FILE_BYTES_MAX = 256 * 1024;
export const DEPTH_MAX = 64;

/** One entry a kind: the case folders of the tests show each of them. */
export const ALLOWED = Object.freeze({
  // A document
  encoding: 'UTF-8 text',
  syntax: `JSON or YAML, ${String(DEPTH_MAX)} levels deep at most`,
  topLevel: 'a map of keys at its top',
  oneDocument: 'one document',
  noAlias: 'the value itself',
  plainValue: 'plain values',
  keyOnce: 'each key once',
  safeName: 'any name but __proto__, prototype, constructor',
  textKey: 'text as keys',
  decimal: 'decimal, or text in quotes',
  // A file or folder
  oneFile: 'one file for one layer',
  fileSize: `at most ${String(FILE_BYTES_MAX)}`,
  readableFile: 'a regular file that this user may read',
  readableFolder: 'a folder that this user may read',
  fileOrLink: 'a file, or a link to one',
  fileOrFolder: 'a configuration file or folder',
  existing: 'an existing file or folder',
  groupFile: 'a file for each group (json, yaml or yml)',
  // Whose it is
  linkInside: (root: string) => `links to files inside ${root}`,
  owner: (owners: string, remedy: string) => `owner ${owners} (${remedy})`,
  ownerWrites: (remedy: string) => `writing by its owner only (${remedy})`,
  // A key
  section: 'a map of keys',
  assignment: 'key=value',
  knownKey: 'a key that "shutterd config show --docs" lists',
  nearestKey: (name: string) => `${name} (the nearest name)`,
  keyBelow: (name: string, section: string) => `${name} below ${section}`,
  // The machine's name
  ownName: 'a device.id set in local.yaml, or a host name of its own',
  thingName: `a device.id of ${deviceId.allowed} in local.yaml`,
});
