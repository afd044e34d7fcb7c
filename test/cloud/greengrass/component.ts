// What a nucleus does with the recipe, on this machine: unpacks the artifact, fills in the variables, runs the lifecycle's scripts.
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
    readonly DefaultConfiguration: { readonly accessControl: unknown; readonly shutterd: Tree };
  };
  readonly Manifests: readonly Manifest[];
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
}

/** `env` is what the nucleus gives every component. */
export async function deployed(
  scope: Scope,
  env: Readonly<Record<string, string>>,
  packages: 'with packages' | 'without packages' = 'with packages',
): Promise<Component> {
  const folder = await scope.folder();
  const manifest = manifestOfThisCpu(await readRecipe());
  const unpacked = join(folder, 'artifacts');
  const tree = join(unpacked, /([^/]+)\.zip$/.exec(manifest.Artifacts[0]?.URI ?? '')?.[1] ?? '');
  const [work, machine] = [join(folder, 'work'), join(folder, 'machine')];
  await mkdir(work);
  await makeTree(tree, packages);
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
        ...{ PATH: process.env['PATH'] ?? '', HOME: folder, COMPONENT_MACHINE_CONFIGURATION: machine },
        ...env,
        ...Object.fromEntries(Object.entries(Setenv).map(([name, value]) => [name, filled(value)])),
      },
    };
  };
  return {
    ...{ tree, work, machine },
    script: (step, configuration = {}) => runChild(scope, options(step, configuration)),
    start: () => startChild(scope, options('run', {})),
  };
}

function manifestOfThisCpu({ Manifests }: Recipe): Manifest {
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'amd64';
  const found = Manifests.find(({ Platform }) => Platform.architecture === architecture);
  if (found === undefined) throw new Error(`the recipe has nothing for ${architecture}`);
  return found;
}

/** As make-artifact.sh lays it out, but that the Node and the packages are those of this checkout. */
async function makeTree(tree: string, packages: string): Promise<void> {
  const root = repositoryRoot();
  await cp(PROGRAM, join(tree, 'dist/src'), { recursive: true });
  for (const name of ['package.json', 'cloud/greengrass/component.sh'])
    await cp(join(root, name), join(tree, name.split('/').at(-1) ?? name));
  if (packages === 'with packages') await symlink(join(root, 'node_modules'), join(tree, 'node_modules'));
}
