// Compares services with what a conversion of them reads back as: nothing may differ but what was announced.
import type { Service } from '../model/service.ts';
import type { WrittenService } from './conversion.ts';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** JSON in which the order of keys does not matter. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    isRecord(part)
      ? Object.fromEntries(
          Object.entries(part).sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)),
        )
      : (part ?? null),
  ) ?? 'null';

export type Difference = { readonly field: string; readonly wanted: string; readonly found: string };

/** The parts in which two values differ, as dotted names; lists and unions of another kind are one part. */
export const differencesOf = (wanted: unknown, found: unknown, field = ''): readonly Difference[] => {
  if (isRecord(wanted) && isRecord(found) && wanted['kind'] === found['kind']) {
    return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].flatMap((key) =>
      differencesOf(wanted[key], found[key], field === '' ? key : `${field}.${key}`),
    );
  }
  const texts = { wanted: canonical(wanted), found: canonical(found) };
  return texts.wanted === texts.found ? [] : [{ field, ...texts }];
};

/** Several services of a target that say one together: they must be alike but for id and endpoints. */
const mergeParts = (parts: readonly Service[]): Service | undefined => {
  const [first] = parts;
  return first && { ...first, endpoints: parts.flatMap(({ endpoints }) => endpoints) };
};

const covers = (announced: string, field: string): boolean =>
  field === announced || field.startsWith(`${announced}.`);

const show = ({ field, wanted, found }: Difference): string => `${field} was ${wanted} and is ${found}`;

export type Mismatch = { readonly service: Service; readonly message: string };

/**
 * What is wrong with a conversion: differences that nobody announced, and announced ones that are not there. `normal`
 * gives a service as it is compared; `found` are the services that were read back, in the order of writing.
 */
export const findMismatches = (
  written: readonly WrittenService[],
  found: readonly Service[],
  normal: (service: Service) => unknown,
): readonly Mismatch[] => {
  const mismatches: Mismatch[] = [];
  let index = 0;
  for (const { service, parts, losses } of written) {
    if (parts === 0) continue;
    const complain = (message: string): void => {
      mismatches.push({ service, message });
    };
    const own = found.slice(index, index + parts);
    index += parts;
    const merged = mergeParts(own);
    if (merged === undefined || own.length < parts) {
      complain('it is not there');
      continue;
    }
    const differences = differencesOf(normal(service), normal(merged));
    const announced = losses.flatMap(({ fields }) => fields);
    for (const difference of differences) {
      if (!announced.some((field) => covers(field, difference.field))) complain(show(difference));
    }
    for (const field of announced) {
      if (!differences.some((difference) => covers(field, difference.field))) {
        complain(`${field} is announced as lost, and is not`);
      }
    }
    const alike = own.slice(1).find((part) => {
      const one = { ...merged, endpoints: part.endpoints, id: part.id, origin: part.origin };
      return differencesOf(normal(one), normal({ ...part, name: one.name })).length > 0;
    });
    if (alike !== undefined) complain('its addresses have become services that are not alike');
  }
  for (const service of found.slice(index)) mismatches.push({ service, message: 'nobody wrote it' });
  return mismatches;
};
