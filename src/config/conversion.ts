// What a writer of another language gives: its files, and for each service what that language cannot say.
import type { Service } from '../model/service.ts';

/** Something that is another in the target, or gone. */
export type Loss = {
  /** Parts of the service that read back as something else, as `limits.rate`; empty where no part shows it. */
  readonly fields: readonly string[];
  /** In one clause, about the target. */
  readonly message: string;
  /** What to do about it, in one clause; undefined where there is nothing to do but to live with it. */
  readonly advice: string | undefined;
};

export type WrittenService = {
  readonly service: Service;
  /** How many services of the target it became; 0: it is left out, and the losses say why. */
  readonly parts: number;
  readonly losses: readonly Loss[];
};

export type Conversion = {
  /** A language whose services all go into one file has one, without a name of its own. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly services: readonly WrittenService[];
};

export type LossReport = {
  /** Says what of the service is lost; `fields` are dotted names of its parts, separated by blanks. */
  lose(fields: string, message: string, advice?: string): void;
  losses(): readonly Loss[];
};

export const createLossReport = (): LossReport => {
  const losses: Loss[] = [];
  return {
    lose(fields, message, advice) {
      losses.push({ fields: fields.split(' ').filter((field) => field !== ''), message, advice });
    },
    losses: () => losses,
  };
};

/** `-` is whom acceptd itself runs as, which only its own language says so. */
export const withoutDash = (service: Service): Service =>
  service.credentials.user === '-'
    ? { ...service, credentials: { ...service.credentials, user: undefined } }
    : service;

/** The first name that is not taken yet: `finger`, `finger-2`, `finger-3`. */
export const takeName = (wanted: string, taken: Set<string>): string => {
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}-${number}`;
  taken.add(name);
  return name;
};
