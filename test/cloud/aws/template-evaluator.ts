// Evaluates the intrinsic functions of a template for given parameters, as CloudFormation documents them; a name that is unknown throws.
import type { Map, Node, Template } from './template-reader.ts';

export interface Evaluator {
  /** Of a node anywhere in the template; resources stand for themselves as `<Name>` and `<Name.Attribute>`. */
  readonly value: (node: Node) => Node;
}

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-central-1',
  'AWS::AccountId': '123456789012',
  'AWS::StackName': 'shutterd',
};
/** What a value leaves that is not there. */
const NO_VALUE = '<AWS::NoValue>';

export function evaluator(
  template: Template,
  parameters: Readonly<Record<string, string | number>> = {},
): Evaluator {
  const text = (node: Node): string => {
    const found = value(node);
    if (typeof found !== 'string') throw new Error(`${JSON.stringify(node)} is no text`);
    return found;
  };
  const list = (node: Node | undefined): readonly Node[] => {
    const found = node === undefined ? node : value(node);
    if (!Array.isArray(found)) throw new Error(`${JSON.stringify(node)} is no list`);
    return found as readonly Node[];
  };
  const ref = (name: string): string => {
    if (name === 'AWS::NoValue') return NO_VALUE;
    if (name in PSEUDO) return PSEUDO[name] ?? '';
    if (name in template.Resources) return `<${name}>`;
    const parameter = template.Parameters[name];
    const given = parameters[name] ?? parameter?.Default;
    if (parameter === undefined || given === undefined)
      throw new Error(`nothing is named ${name}, or it has no value`);
    return String(given);
  };
  const holds = (name: string): boolean => {
    const condition = template.Conditions[name];
    if (condition === undefined) throw new Error(`there is no condition ${name}`);
    return value(condition) === true;
  };
  const sub = (source: string, names: Map): string =>
    source.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal !== '') return `\${${name}}`;
      const own = names[name];
      if (own !== undefined) return text(own);
      const [resource = '', attribute] = name.split('.', 2);
      return attribute === undefined ? ref(name) : `<${resource}.${attribute}>`;
    });
  const call = (name: string, argument: Node): Node => {
    const [first = '', second = '', third = ''] = Array.isArray(argument)
      ? (argument as readonly Node[])
      : [argument];
    // A name, a format, or what texts are joined and split by.
    const plain = typeof first === 'string' || typeof first === 'number' ? String(first) : '';
    switch (name) {
      case 'Ref':
        return ref(plain);
      case 'Fn::GetAtt':
        return `<${plain}.${text(second)}>`;
      case 'Fn::Sub':
        return sub(plain, typeof second === 'object' ? (second as Map) : {});
      case 'Fn::If':
        return value(holds(plain) ? second : third);
      case 'Fn::Not':
        return value(first) !== true;
      case 'Fn::Equals':
        return value(first) === value(second);
      case 'Fn::Join':
        return list(second).map(text).join(plain);
      case 'Fn::Split':
        return text(second).split(plain);
      case 'Fn::Select': {
        const found = list(second)[Number(plain)];
        if (found === undefined) throw new Error(`Fn::Select finds no number ${plain}`);
        return found;
      }
      default:
        throw new Error(`${name} is not evaluated here`);
    }
  };
  function value(node: Node): Node {
    if (Array.isArray(node)) return (node as readonly Node[]).map(value).filter((item) => item !== NO_VALUE);
    if (typeof node !== 'object' || node === null) return node;
    const entries = Object.entries(node as Map);
    const [name = '', argument = null] = entries.length === 1 ? (entries[0] ?? []) : [];
    if (name === 'Ref' || name.startsWith('Fn::')) return call(name, argument);
    return Object.fromEntries(entries.map(([key, inner]) => [key, value(inner)]));
  }
  return { value };
}
