// Finds constants of a module that are changed after all: assigned into, or changed by a method of a container.
import ts from 'typescript';
import { finding, nodesOf, type Finding, type Module } from './tree.ts';

/** `const state = { n: 0 }` is state of the module as soon as anybody writes `state.n += 1` or `state.list.push(1)`. */
export function changedConstants(module: Module): readonly Finding[] {
  const names = new Set(constantNames(module.source));
  return nodesOf(module.source).flatMap((node) => {
    const changed = changedPlace(node);
    const root = changed === undefined ? undefined : rootOf(changed);
    if (root === undefined || !names.has(root.text) || isShadowed(root, module.source)) return [];
    return [finding(module, node, `\`${root.text}\` is a constant of the module, and is changed here`)];
  });
}

function constantNames(source: ts.SourceFile): readonly string[] {
  return source.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => declarationList.declarations)
    .flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : []));
}

const CHANGING_METHODS = [
  ...['push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'reverse', 'fill', 'copyWithin'],
  ...['set', 'add', 'delete', 'clear'],
];

/** What an expression changes, where it changes something that lies in an object. */
function changedPlace(node: ts.Node): ts.Expression | undefined {
  if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) return inside(node.left);
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    const counts = [ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.MinusMinusToken].includes(node.operator);
    return counts ? inside(node.operand) : undefined;
  }
  if (ts.isDeleteExpression(node)) return inside(node.expression);
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
  const { name, expression } = node.expression;
  return CHANGING_METHODS.includes(name.text) ? expression : undefined;
}

function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function inside(place: ts.Expression): ts.Expression | undefined {
  return ts.isPropertyAccessExpression(place) || ts.isElementAccessExpression(place)
    ? place.expression
    : undefined;
}

/** `state` of `state.list[0]`. */
function rootOf(place: ts.Expression): ts.Identifier | undefined {
  if (ts.isIdentifier(place)) return place;
  const inner = inside(place);
  return inner === undefined ? undefined : rootOf(inner);
}

/** Whether a function between here and the file has a parameter or variable of the same name. */
function isShadowed(root: ts.Identifier, source: ts.SourceFile): boolean {
  for (let scope: ts.Node = root; scope !== source; scope = scope.parent) {
    const named = nodesOf(scope).some(
      (node) =>
        (ts.isParameter(node) || ts.isVariableDeclaration(node) || ts.isBindingElement(node)) &&
        ts.isIdentifier(node.name) &&
        node.name.text === root.text,
    );
    if (named) return true;
  }
  return false;
}
