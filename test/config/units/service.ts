// A service unit from its text alone: what it means, and what is said about it.
import { splitText } from '../../../src/config/source.ts';
import { readServiceUnit } from '../../../src/config/units/meaning-service.ts';
import type { ServiceContext, ServicePart } from '../../../src/config/units/service-part.ts';
import { systemFacts } from '../../../src/config/units/specifiers.ts';
import { wholeText } from '../../../src/config/units/syntax.ts';
import { openUnit } from '../../../src/config/units/unit.ts';
import { showDiagnostic } from '../../../src/model/diagnostic.ts';

export type Read = {
  readonly part: ServicePart | undefined;
  /** `LINE:COLUMN: severity: message; advice`. */
  readonly messages: readonly string[];
};

const usual: ServiceContext = {
  role: 'sockets',
  socketCount: 1,
  flushesPending: false,
  allowsUnprotected: false,
};

/** `text` is the section [Service]; it may open others. */
export const readService = (text: string, context: Partial<ServiceContext> = {}): Read => {
  const isPerConnection = context.role === 'accept';
  const name = isPerConnection ? 'x@.service' : 'x.service';
  const parts = { prefix: 'x', instance: isPerConnection ? '' : undefined, suffix: 'service' };
  const fragment = wholeText(splitText(`[Service]\n${text}\n`, name));
  const unit = openUnit({ name, parts, fragments: [fragment] }, isPerConnection, systemFacts);
  const part = readServiceUnit(unit, { ...usual, ...context });
  const messages = unit.report
    .diagnostics()
    .map((diagnostic) => (showDiagnostic(diagnostic).split('\n')[0] ?? '').slice(name.length + 1));
  return { part: unit.report.errorCount() === 0 ? part : undefined, messages };
};
