// What is written of a service's clients: its log, and whether they are asked for their users.
import type { Identity } from '../../model/access.ts';
import {
  type FailureField,
  failureFields,
  type LogDestination,
  type ServiceLog,
  type SuccessField,
  successFields,
} from '../../model/service-log.ts';
import type { Attributes } from './attributes.ts';
import type { Defaults } from './defaults.ts';
import type { Chosen, Flag } from './flags.ts';
import type { Notes, Word } from './notes.ts';
import { type Fields, readFields, readLogType } from './service-log.ts';

export type Records = {
  readonly serviceLog: ServiceLog | undefined;
  readonly identity: Identity | undefined;
};

export type RecordParts = {
  readonly name: Word;
  readonly attributes: Attributes;
  readonly flags: Chosen<Flag>;
  readonly defaults: Defaults;
  readonly isRelay: boolean;
  /** There is a client with a port, so its user can be asked for. */
  readonly hasClient: boolean;
  /** Words that something was said about: those of defaults are met again with each service. */
  readonly told: Set<Word>;
};

type FieldSets = {
  readonly success: Fields<SuccessField>;
  readonly failure: Fields<FailureField>;
};

const tellOnce = (told: Set<Word>, word: Word, tell: (word: Word) => void): void => {
  if (told.has(word)) return;
  told.add(word);
  tell(word);
};

/** Fields that cannot be had are left out; of those in defaults nothing is said, as others may have them. */
const dropImpossible = (parts: RecordParts, fields: FieldSets, notes: Notes): FieldSets => {
  const { attributes, isRelay, name } = parts;
  const success = new Map(fields.success);
  const failure = new Map(fields.failure);
  const traffic = success.get('traffic');
  if (traffic !== undefined && !isRelay) {
    success.delete('traffic');
    const isOwn = attributes.all('log_on_success')?.some(({ values }) => values.includes(traffic)) === true;
    if (isOwn) {
      notes.warn(
        traffic,
        'TRAFFIC is counted only of redirected services; this one runs without it, where xinetd switches it off',
        'remove it',
      );
    }
  }
  // two identds that ask each other would never end
  const isIdent =
    /^(?:auth|ident|tap|authentication)$/i.test(name.text) || attributes.one('port')?.text === '113';
  const asked = success.get('userid') ?? failure.get('userid');
  if (isIdent && asked !== undefined) {
    success.delete('userid');
    failure.delete('userid');
    notes.warn(
      name,
      'USERID is left out for the ident service: it would ask for whom it answers',
      'remove it',
    );
  }
  return { success, failure };
};

const warnOfSilence = (parts: RecordParts, fields: FieldSets, notes: Notes): void => {
  const word = [...fields.success.values(), ...fields.failure.values()][0];
  if (word === undefined) return;
  tellOnce(parts.told, word, (at) => {
    notes.warn(
      at,
      `nothing of this is written for '${parts.name.text}', because it has no log_type`,
      'write log_type = SYSLOG daemon info, or FILE /PATH',
    );
  });
};

const identityOf = (
  { flags, hasClient, name }: RecordParts,
  { success, failure }: FieldSets,
  destination: LogDestination | undefined,
  notes: Notes,
): Identity | undefined => {
  const idOnly = flags.get('IDONLY');
  const isWanted = success.has('userid') || failure.has('userid');
  if (idOnly !== undefined && !(hasClient && success.has('userid'))) {
    const why = hasClient
      ? 'without USERID in log_on_success'
      : `in '${name.text}', whose clients cannot be asked for their users`;
    notes.warn(idOnly, `IDONLY has no effect ${why}`, 'add USERID to log_on_success, or remove the flag');
  }
  const isRequired = idOnly !== undefined && success.has('userid');
  if (!hasClient || !isWanted || (destination === undefined && !isRequired)) return undefined;
  return { whenAdmitted: success.has('userid'), whenRefused: failure.has('userid'), isRequired };
};

export const readRecords = (parts: RecordParts, notes: Notes): Records => {
  const { attributes, defaults } = parts;
  const written: FieldSets = {
    success:
      readFields(attributes.all('log_on_success'), defaults.onSuccess, successFields, notes) ?? new Map(),
    failure:
      readFields(attributes.all('log_on_failure'), defaults.onFailure, failureFields, notes) ?? new Map(),
  };
  const fields = dropImpossible(parts, written, notes);
  const isOwn = attributes.place('log_type') !== undefined;
  const destination = isOwn ? readLogType(attributes, notes) : defaults.logType;
  if (destination === undefined && !isOwn) warnOfSilence(parts, fields, notes);
  return {
    serviceLog: destination && {
      destination,
      onSuccess: successFields.filter((field) => fields.success.has(field)),
      onFailure: failureFields.filter((field) => fields.failure.has(field)),
    },
    identity: identityOf(parts, fields, destination, notes),
  };
};
