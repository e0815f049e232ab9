import ts from 'typescript';

/** A breach of the house rules: which file, and what it must not do. */
export interface Breach {
  readonly file: string;
  readonly problem: string;
}

/**
 * The rooms, top to bottom. A file imports its own room and rooms on lines above it. The rooms of one line are siblings:
 * they never import each other.
 */
const ROOM_LINES: readonly (readonly string[])[] = [
  ['src/base'],
  ['src/metrics', 'src/profile'],
  ['src/fs'],
  ['src/log', 'src/memtable', 'src/table', 'src/blob', 'src/store'],
  ['src/wal', 'src/quarantine', 'src/cold'],
  ['src/version'],
  ['src/read'],
  ['src/jobs'],
  ['src/compaction', 'src/tiering', 'src/runner'],
  ['src/engine'],
  ['src/index.ts', 'src/level', 'src/testing.ts', 'src/cli', 'src/dashboard', 'workers'],
];

/** Files beside their room that programs import it by; they belong to it. */
const ROOM_OF_DOOR: Readonly<Record<string, string>> = { 'src/level.ts': 'src/level' };

/** The other edges use the engine like every program: through its public door, which uses none of them. */
const PUBLIC_DOOR = 'src/index.ts';

const FILE_LINES_MAX = 500;
const KEBAB_CASE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.d)?\.ts$/;
const FILE_SYSTEM_MODULE = /^(?:node:)?fs(?:\/promises)?$/;

/** Every breach in one file. `file` is its path from the root of the project, with forward slashes. */
export function breachesOf(file: string, text: string): Breach[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const problems = [
    ...namingProblems(file, text),
    ...defaultExportProblems(source),
    ...importedModules(source).flatMap((specifier) => importProblems(file, specifier)),
  ];
  return problems.map((problem) => ({ file, problem }));
}

function namingProblems(file: string, text: string): string[] {
  const problems: string[] = [];
  const name = file.slice(file.lastIndexOf('/') + 1);
  if (!KEBAB_CASE.test(name)) problems.push('its name is not kebab-case');
  if (roomOf(file) === undefined) problems.push('it is in no known room');
  const lineCount = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  if (lineCount > FILE_LINES_MAX) problems.push(`it has ${lineCount} lines, more than ${FILE_LINES_MAX}`);
  return problems;
}

function importProblems(file: string, specifier: string): string[] {
  if (specifier.startsWith('.')) return relativeImportProblems(file, specifier);
  if (FILE_SYSTEM_MODULE.test(specifier) && !file.startsWith('src/fs/real-')) {
    return [`it imports ${specifier}: only src/fs/real-*.ts may`];
  }
  if (/^piscina(?:\/|$)/.test(specifier) && roomOf(file) !== 'src/runner') {
    return [`it imports ${specifier}: only src/runner may`];
  }
  if (/^abstract-level(?:\/|$)/.test(specifier) && roomOf(file) !== 'src/level') {
    return [`it imports ${specifier}: only src/level may`];
  }
  return [];
}

function relativeImportProblems(file: string, specifier: string): string[] {
  const target = resolve(file, specifier);
  const from = roomOf(file);
  const to = roomOf(target);
  if (to === undefined) return [`it imports ${specifier}: ${target} is in no known room`];
  if (from === undefined || from === to) return [];
  const fromLine = lineOf(from);
  const toLine = lineOf(to);
  if (toLine > fromLine) return [`it imports ${specifier}: ${to} is below ${from}`];
  if (toLine === fromLine && to !== PUBLIC_DOOR) return [`it imports ${specifier}: ${to} is a sibling of ${from}`];
  return [];
}

/** The room a file belongs to: a folder (its door stands beside it), or for the single-file edges the file itself. */
function roomOf(file: string): string | undefined {
  return ROOM_OF_DOOR[file] ?? ROOM_LINES.flat().find((room) => file === room || file.startsWith(`${room}/`));
}

function lineOf(room: string): number {
  return ROOM_LINES.findIndex((line) => line.includes(room));
}

/** The source file that a relative import names: paths end in `.js`, the files in `.ts`. */
function resolve(file: string, specifier: string): string {
  const parts = file.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/').replace(/\.js$/, '.ts');
}

/** What a file asks for: import and export from, `import type`, `import('…')` as value and as type, `require('…')`. */
function importedModules(source: ts.SourceFile): string[] {
  const specifiers: string[] = [];
  const visit = (node: ts.Node): void => {
    const specifier = moduleOf(node);
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) specifiers.push(specifier.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return specifiers;
}

function moduleOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  if (!ts.isCallExpression(node)) return undefined;
  const callee = node.expression;
  const loads = callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
  return loads ? node.arguments[0] : undefined;
}

function defaultExportProblems(source: ts.SourceFile): string[] {
  return source.statements.some(isDefaultExport) ? ['it has a default export'] : [];
}

function isDefaultExport(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true;
  if (ts.isExportDeclaration(statement) && statement.exportClause !== undefined) {
    return ts.isNamedExports(statement.exportClause)
      ? statement.exportClause.elements.some((element) => element.name.text === 'default')
      : statement.exportClause.name.text === 'default';
  }
  if (!ts.canHaveModifiers(statement)) return false;
  return ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword) ?? false;
}
