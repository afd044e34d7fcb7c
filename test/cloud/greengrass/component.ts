// What a nucleus does with the recipe, on this machine: unpacks the artifact, fills in the variables, runs the lifecycle's scripts.
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AccessControl } from '../../../src/config/greengrass-access.ts';
import { runChild, startChild, type Child, type ChildOptions, type Ran } from '../../helpers/child.ts';
import type { Scope } from '../../helpers/scope.ts';
import { repositoryRoot } from '../../house/repository-root.ts';

/** Beside the compiled test, wherever that was built. */
export const PROGRAM = fileURLToPath(new URL('../../../src', import.meta.url));

export type Tree = Readonly<Record<string, unknown>>;
export type Step = 'install' | 'run' | 'shutdown';

export interface Manifest {
  readonly Platform: { readonly os: string; readonly architecture: string };
  readonly Lifecycle: Readonly<Record<Step, Readonly<{ Script: string; Setenv: Record<string, string> }>>>;
  readonly Artifacts: readonly { readonly URI: string; readonly Unarchive: string }[];
}

export interface Recipe {
  readonly ComponentName: string;
  readonly ComponentVersion: string;
  readonly ComponentConfiguration: {
    readonly DefaultConfiguration: { readonly accessControl: AccessControl; readonly shutterd: Tree };
  };
  readonly Manifests: readonly Manifest[];
}

/** By operation: what the nucleus allows, which fills in the thing's name only where its own configuration says so. */
export function allowedBy(
  accessControl: AccessControl,
  { interpolates, thing }: { readonly interpolates: boolean; readonly thing: string },
): Readonly<Record<string, readonly string[]>> {
  const statements = Object.values(accessControl['aws.greengrass.ipc.mqttproxy'] ?? {});
  return Object.fromEntries(
    statements.flatMap(({ operations, resources }) =>
      operations.map((operation) => [
        operation,
        resources.map((one) => (interpolates ? one.replaceAll('{iot:thingName}', thing) : one)),
      ]),
    ),
  );
}

export async function packageVersion(): Promise<string> {
  const text = await readFile(join(repositoryRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

export async function readRecipe(): Promise<Recipe> {
  const name = `com.shutterd.Capture-${await packageVersion()}.json`;
  return JSON.parse(await readFile(join(repositoryRoot(), 'cloud/greengrass', name), 'utf8')) as Recipe;
}

export interface Component {
  /** Where the artifact lies unpacked. */
  readonly tree: string;
  readonly work: string;
  /** Stands for /etc/shutterd, and is not there before a test makes it. */
  readonly machine: string;
  /** A lifecycle script to its end. */
  script(step: Step, configuration?: Tree): Promise<Ran>;
  start(): Child;
  /** As a person calls it, without the nucleus' variables. */
  command(args: readonly string[]): Promise<Ran>;
}

/** `env` is what the nucleus gives every component. `unpack` makes the tree of the artifact. */
export async function deployed(
  scope: Scope,
  env: Readonly<Record<string, string>>,
  unpack: (tree: string) => Promise<void> = treeOfCheckout,
): Promise<Component> {
  const folder = await scope.folder();
  const manifest = manifestOfThisCpu(await readRecipe());
  const unpacked = join(folder, 'artifacts');
  const tree = join(unpacked, basename(manifest.Artifacts[0]?.URI ?? '', '.zip'));
  const [work, machine] = [join(folder, 'work'), join(folder, 'machine')];
  await mkdir(work);
  await unpack(tree);
  const surroundings = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    COMPONENT_MACHINE_CONFIGURATION: machine,
  };
  const options = (step: Step, configuration: Tree): ChildOptions => {
    const { Script, Setenv } = manifest.Lifecycle[step];
    const filled = (text: string): string =>
      text
        .replaceAll('{artifacts:decompressedPath}', () => unpacked)
        .replaceAll('{work:path}', () => work)
        .replaceAll('{configuration:/shutterd}', () => JSON.stringify(configuration));
    return {
      ...{ file: 'sh', args: ['-c', filled(Script)], cwd: work },
      env: {
        ...surroundings,
        ...env,
        ...Object.fromEntries(Object.entries(Setenv).map(([name, value]) => [name, filled(value)])),
      },
    };
  };
  return {
    ...{ tree, work, machine },
    script: (step, configuration = {}) => runChild(scope, options(step, configuration)),
    start: () => startChild(scope, options('run', {})),
    command: (args) =>
      runChild(scope, {
        ...{ file: 'sh', args: [join(tree, 'component.sh'), 'shutterd', ...args], cwd: '/' },
        env: { ...surroundings, COMPONENT_WORK: work },
      }),
  };
}

/** As make-artifact.sh lays it out, but that the Node and the packages are those of this checkout. */
export async function treeOfCheckout(tree: string): Promise<void> {
  await treeWithoutPackages(tree);
  await symlink(join(repositoryRoot(), 'node_modules'), join(tree, 'node_modules'));
}

export async function treeWithoutPackages(tree: string): Promise<void> {
  await cp(PROGRAM, join(tree, 'dist/src'), { recursive: true });
  for (const name of ['package.json', 'cloud/greengrass/component.sh'])
    await cp(join(repositoryRoot(), name), join(tree, basename(name)));
}

function manifestOfThisCpu({ Manifests }: Recipe): Manifest {
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'amd64';
  const found = Manifests.find(({ Platform }) => Platform.architecture === architecture);
  if (found === undefined) throw new Error(`the recipe has nothing for ${architecture}`);
  return found;
}
