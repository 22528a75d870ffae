// Services as JSON (docs/convert.md): every field is there, and what is not set is null.
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Service } from '../model/service.ts';
import type { Conversion } from './conversion.ts';

/** Grows when a reader of the shape would have to be changed. */
const shapeVersion = 1;

/** What a person looks for first; all other keys follow in the alphabet. */
const firstKeys = ['version', 'kind', 'id', 'name', 'origin', 'dialect', 'endpoints'];

const rank = (key: string): number => {
  const index = firstKeys.indexOf(key);
  return index === -1 ? firstKeys.length : index;
};

const compareKeys = (left: string, right: string): number =>
  rank(left) - rank(right) || (left < right ? -1 : left > right ? 1 : 0);

const arrange = (_: string, value: unknown): unknown => {
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => compareKeys(left, right)));
};

export const writeJson = (
  services: readonly Service[],
  files: readonly string[],
  diagnostics: readonly Diagnostic[],
): Conversion => ({
  files: [
    {
      name: 'services.json',
      text: `${JSON.stringify({ version: shapeVersion, files, services, diagnostics }, arrange, 2)}\n`,
    },
  ],
  services: services.map((service) => ({ service, parts: 1, losses: [] })),
});
