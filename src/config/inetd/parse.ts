// One text of an inetd.conf dialect: statements in order, each in the scope that the ones before it made.
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Pieces } from '../../model/pieces.ts';
import { dialects } from '../../model/service.ts';
import { nearestWord } from '../nearest.ts';
import type { LoadOptions } from '../options.ts';
import {
  createReport,
  type LocatedService,
  type Mark,
  markToken,
  type Report,
  splitText,
  type Token,
} from '../source.ts';
import { readDefinitionService } from './definition.ts';
import { meanings } from './dialect.ts';
import { readEntryService } from './entry.ts';
import { splitHosts } from './name.ts';
import type { Scope } from './scope.ts';
import { readStatement, type Statement } from './statements.ts';

/** A service, or the place of files that are to be read there, in the scope that holds there. */
export type Item =
  | ({ readonly kind: 'service' } & LocatedService)
  | { readonly kind: 'include'; readonly pattern: string; readonly mark: Mark; readonly scope: Scope };

export type ParsedText = { readonly items: readonly Item[]; readonly diagnostics: readonly Diagnostic[] };

/** The scope at the beginning of a named file. */
export const initialScope = (options: LoadOptions): Scope => ({
  meaning: meanings[options.dialect],
  hosts: [options.listenHost ?? '*'],
  policy: undefined,
  options,
});

const readDialect = (name: Token, operand: Token | undefined, scope: Scope, report: Report): Scope => {
  const dialect = dialects.find((candidate) => candidate === operand?.text);
  if (dialect !== undefined) return { ...scope, meaning: meanings[dialect] };
  const nearest = operand && nearestWord(operand.text, dialects);
  report.error(
    operand ?? name,
    operand === undefined ? 'the name of the dialect is missing' : `unknown dialect '${operand.text}'`,
    nearest === undefined ? `use one of ${dialects.join(', ')}` : `did you mean ${nearest}?`,
  );
  return scope;
};

const readPolicy = (policy: Token, scope: Scope, report: Report): Scope => {
  if (policy.text === '') return { ...scope, policy: undefined };
  report.warn(
    policy,
    'the IPsec policy is not applied',
    scope.options.servesWithoutIpsec
      ? 'the entries below it are served without IPsec'
      : 'the entries below it are off, up to a line #@ alone',
  );
  return { ...scope, policy: policy.text };
};

const readDefaultHost = (host: Token, scope: Scope, report: Report): Scope => {
  if (host.text === '') {
    report.error(host, 'the default address is empty', 'write *: for all addresses');
    return scope;
  }
  const errors = report.errorCount();
  const hosts = splitHosts(host, report).map((token) => token.text);
  return report.errorCount() === errors ? { ...scope, hosts } : scope;
};

const readDirective = (
  statement: Statement & { readonly kind: 'directive' },
  scope: Scope,
  report: Report,
): { readonly scope: Scope; readonly item: Item | undefined } => {
  const { name, operands } = statement;
  const [operand] = operands;
  if (name.text === '.dialect') return { scope: readDialect(name, operand, scope, report), item: undefined };
  if (name.text !== '.include') {
    const nearest = nearestWord(name.text, ['.include', '.dialect']);
    report.error(
      name,
      `unknown directive '${name.text}'`,
      nearest === undefined ? 'the directives are .include and .dialect' : `did you mean ${nearest}?`,
    );
  } else if (!scope.meaning.hasKeys) {
    report.error(name, `${scope.meaning.dialect} includes no files`, 'use .dialect acceptd before it');
  } else if (operand === undefined || operand.text === '') {
    report.error(name, 'the pattern of the files is missing', 'write .include conf.d/*.conf');
  } else {
    const mark = markToken(report.source, operand);
    return { scope, item: { kind: 'include', pattern: operand.text, mark, scope } };
  }
  return { scope, item: undefined };
};

/** Text to services and includes, with everything that is wrong with it; never throws. */
export const parseText = function* (text: string, file: string, start: Scope): Pieces<ParsedText> {
  const report = createReport(splitText(text, file));
  const items: Item[] = [];
  let scope = start;
  const add = (located: LocatedService | undefined): void => {
    if (located !== undefined) items.push({ kind: 'service', ...located });
  };
  let cursor = { line: 0, index: 0 };
  while (true) {
    const step = readStatement(report, cursor, scope.meaning);
    if (step === undefined) return { items, diagnostics: report.diagnostics() };
    cursor = step.next;
    const { statement } = step;
    switch (statement.kind) {
      case 'entry':
        add(readEntryService(statement.tokens, scope, report));
        break;
      case 'definition':
        add(readDefinitionService(statement.service, statement.isOn, statement.assignments, scope, report));
        break;
      case 'directive': {
        const result = readDirective(statement, scope, report);
        scope = result.scope;
        if (result.item !== undefined) items.push(result.item);
        break;
      }
      case 'default-host':
        scope = readDefaultHost(statement.host, scope, report);
        break;
      case 'policy':
        scope = readPolicy(statement.text, scope, report);
        break;
      case 'broken':
        break;
    }
    yield;
  }
};
