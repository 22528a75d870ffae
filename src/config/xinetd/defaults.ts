// What the defaults of all files say together; services take from it what they do not say themselves.
import {
  type FailureField,
  failureFields,
  type LogDestination,
  type SuccessField,
  successFields,
} from '../../model/service-log.ts';
import { type AccessList, breakList, readAccessList } from './access-lists.ts';
import type { Assignment } from './assignments.ts';
import { readAttributes } from './attributes.ts';
import { readSharedBind, type SharedBind } from './bind.ts';
import type { Entry } from './entries.ts';
import { readLimits, readMaxLoad, type WrittenLimits } from './limits.ts';
import type { Notes, Word } from './notes.ts';
import { warnOfOverlaps } from './overlaps.ts';
import { readPassenv, readUmask } from './process.ts';
import { type Fields, readFields, readLogType } from './service-log.ts';
import { readPath, readSwitch } from './values.ts';

export type WrittenBanners = {
  readonly always: string | undefined;
  readonly success: string | undefined;
  readonly failure: string | undefined;
};

export type Defaults = {
  readonly onlyFrom: AccessList | undefined;
  readonly noAccess: AccessList | undefined;
  readonly maxLoad: number | undefined;
  readonly logType: LogDestination | undefined;
  readonly onSuccess: Fields<SuccessField> | undefined;
  readonly onFailure: Fields<FailureField> | undefined;
  readonly passenv: readonly Word[] | undefined;
  readonly banners: WrittenBanners;
  readonly bind: SharedBind | undefined;
  readonly limits: WrittenLimits;
  readonly hasGroups: boolean | undefined;
  readonly isV6only: boolean | undefined;
  readonly umask: number | undefined;
  /** undefined: all are on that are not switched off. */
  readonly enabled: readonly Word[] | undefined;
  readonly disabled: readonly Word[];
};

/** In defaults `=` adds, as `+=` does. */
const asAdditions = (assignments: readonly Assignment[] | undefined): readonly Assignment[] | undefined =>
  assignments?.map((each) => (each.operator === '=' ? { ...each, operator: '+=' } : each));

/** The first line of one of these attributes that could not be read. */
const damagedLine = (entries: readonly Entry[], ...names: readonly string[]): Word | undefined =>
  entries.flatMap(({ damaged }) => names.map((name) => damaged.get(name))).find((word) => word !== undefined);

/** A line that could not be read may have said anything about the list. */
const damage = (
  list: AccessList | undefined,
  name: string,
  entries: readonly Entry[],
): AccessList | undefined => {
  const word = damagedLine(entries, name);
  return word === undefined ? list : breakList(list, list?.broken ?? word);
};

/** All operators add to the lists of services. */
const readIds = (assignments: readonly Assignment[] | undefined): readonly Word[] | undefined =>
  assignments?.flatMap(({ values }) => values);

export const readDefaults = (entries: readonly Entry[], notes: Notes): Defaults => {
  for (const { mistakes } of entries) notes.add(mistakes);
  const attributes = readAttributes(entries, 'defaults', notes);
  const sets = (name: Parameters<typeof attributes.all>[0]): readonly Assignment[] | undefined =>
    asAdditions(attributes.all(name));
  const onlyFrom = readAccessList(sets('only_from'), undefined, notes);
  const noAccess = readAccessList(sets('no_access'), undefined, notes);
  warnOfOverlaps(onlyFrom, noAccess, notes);
  return {
    onlyFrom: damage(onlyFrom, 'only_from', entries),
    noAccess: damage(noAccess, 'no_access', entries),
    maxLoad: readMaxLoad(attributes, notes),
    logType: readLogType(attributes, notes),
    onSuccess: readFields(sets('log_on_success'), undefined, successFields, notes),
    onFailure: readFields(sets('log_on_failure'), undefined, failureFields, notes),
    passenv: readPassenv(sets('passenv'), undefined),
    banners: {
      always: readPath(attributes.one('banner'), notes),
      success: readPath(attributes.one('banner_success'), notes),
      failure: readPath(attributes.one('banner_fail'), notes),
    },
    bind: readSharedBind(attributes, damagedLine(entries, 'bind', 'interface'), notes),
    limits: readLimits(attributes, notes),
    hasGroups: readSwitch(attributes.one('groups'), notes),
    isV6only: readSwitch(attributes.one('v6only'), notes),
    umask: readUmask(attributes.one('umask'), notes),
    enabled: readIds(attributes.all('enabled')),
    disabled: readIds(attributes.all('disabled')) ?? [],
  };
};
