// Reads the CloudFormation template as CloudFormation does: short tags into their long form. It evaluates nothing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CORE_SCHEMA, defineScalarTag, defineSequenceTag, load } from 'js-yaml';
import { repositoryRoot } from '../../house/repository-root.ts';

export type Node = string | number | boolean | null | readonly Node[] | { readonly [name: string]: Node };
export type Map = Readonly<Record<string, Node>>;

export interface Resource {
  readonly Type: string;
  readonly Properties: Map;
  readonly DependsOn?: string;
}

export interface Parameter {
  readonly Type: string;
  readonly Default?: string | number;
  readonly AllowedPattern?: string;
  readonly AllowedValues?: readonly (string | number)[];
  readonly MaxValue?: number;
  readonly Description: string;
}

export interface Template {
  readonly Parameters: Readonly<Record<string, Parameter>>;
  readonly Conditions: Map;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: Node }>>;
}

export function readTemplate(): Template {
  const text = readFileSync(join(repositoryRoot(), 'cloud/aws/template.yaml'), 'utf8');
  return load(text, { schema: CORE_SCHEMA.withTags(scalarTags, sequenceTags) }) as Template;
}

const identify = (): boolean => false;

const scalarTags = defineScalarTag<Map>('!', {
  matchByTagPrefix: true,
  identify,
  resolve: (source, _, tag) =>
    tag === '!GetAtt' ? { 'Fn::GetAtt': source.split('.', 2) } : { [longName(tag)]: source },
});

const sequenceTags = defineSequenceTag<{ tag: string; items: Node[] }, Map>('!', {
  matchByTagPrefix: true,
  identify,
  create: (tag) => ({ tag, items: [] }),
  addItem: ({ items }, item) => {
    items.push(item as Node);
  },
  finalize: ({ tag, items }) => ({ [longName(tag)]: items }),
});

function longName(tag: string): string {
  const name = tag.slice(1);
  return name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`;
}
