// The meaning of an entry: its attributes and those of defaults become a service.
import type { Banners } from '../../model/access.ts';
import { type Answer, type Mode, noDaemon } from '../../model/service.ts';
import type { LoadOptions } from '../options.ts';
import type { LocatedService, Marks } from '../source.ts';
import { readAccess } from './access.ts';
import { readAnswer } from './answer.ts';
import type { Attributes } from './attributes.ts';
import type { Defaults } from './defaults.ts';
import type { Entry } from './entries.ts';
import { type Chosen, type Flag, readFlags, readTypes, type Type } from './flags.ts';
import { completeLimits, readLimits } from './limits.ts';
import { isMuxMember, readListening, readTransport } from './listening.ts';
import { markWord, type Notes, type Word } from './notes.ts';
import { readCredentials, readProcess, readSocket, readSurroundings } from './process.ts';
import { readRecords } from './records.ts';
import { checkUseless } from './useless.ts';
import { readPath, readSwitch } from './values.ts';

/** What services of one load have in common. */
export type Common = {
  readonly defaults: Defaults;
  readonly options: LoadOptions;
  /** Words of defaults that something was said about. */
  readonly told: Set<Word>;
};

/** Fork failures: one try more every 5 s, four times. */
const startRetries = 4;

const readWait = (name: Word, attributes: Attributes, notes: Notes): boolean | undefined => {
  const word = attributes.one('wait');
  if (word !== undefined) return readSwitch(word, notes);
  return notes.error(name, `service '${name.text}' is missing the attribute wait`, 'write wait = no, or yes');
};

/** The mode a service really has: what acceptd answers itself, and a member of tcpmux, get single connections. */
const modeOf = (
  isWaiting: boolean,
  attributes: Attributes,
  types: Chosen<Type>,
  flags: Chosen<Flag>,
  transport: 'stream' | 'dgram',
  notes: Notes,
): Mode => {
  if (types.has('INTERNAL') || flags.has('SENSOR')) return 'per-connection';
  const word = attributes.one('wait');
  if (isWaiting && isMuxMember(types) && word !== undefined) {
    notes.warn(word, 'a member of tcpmux cannot wait: it gets single connections', 'write wait = no');
    return 'per-connection';
  }
  if (!isWaiting && transport === 'dgram' && word !== undefined) {
    notes.error(
      word,
      'a datagram service cannot have wait = no: its server would find the datagrams of others',
      'write wait = yes; for a program that answers one sender, see nowait in the native language',
    );
  }
  return isWaiting ? 'whole-socket' : 'per-connection';
};

const readBanners = (
  attributes: Attributes,
  { banners }: Defaults,
  mode: Mode,
  transport: 'stream' | 'dgram',
  notes: Notes,
): Banners | undefined => {
  const names = ['banner', 'banner_success', 'banner_fail'] as const;
  if (mode === 'whole-socket' || transport === 'dgram') {
    for (const name of names) {
      const place = attributes.place(name);
      if (place !== undefined) {
        notes.warn(place, `'${name}' has no effect on a service that has no connections`, 'remove it');
      }
    }
    return undefined;
  }
  const [always, success, failure] = names.map((name) => readPath(attributes.one(name), notes));
  const found: Banners = {
    always: always ?? banners.always,
    success: success ?? banners.success,
    failure: failure ?? banners.failure,
  };
  return Object.values(found).some((path) => path !== undefined) ? found : undefined;
};

const checkUser = (name: Word, attributes: Attributes, answer: Answer, notes: Notes): void => {
  if (attributes.one('user') !== undefined) return;
  if (answer.kind === 'program') {
    notes.error(
      name,
      `service '${name.text}' is missing the attribute user`,
      'write user = NAME; root must be written too',
    );
  } else if (answer.kind === 'relay') {
    notes.warn(name, 'xinetd wants the attribute user of redirected services too', 'write user = nobody');
  }
};

/** Reads one entry; undefined when it is off, for reasons that are reported. */
export const readService = (
  entry: Entry,
  attributes: Attributes,
  common: Common,
  notes: Notes,
): LocatedService | undefined => {
  const { name } = entry;
  const { defaults, options, told } = common;
  const errors = notes.errorCount();
  notes.add(entry.mistakes);
  if (entry.isBroken) return undefined;
  const flags = readFlags(attributes, notes);
  const types = readTypes(attributes, notes);
  // what is missing or wrong does not keep the rest from being looked at
  const transport = readTransport(name, attributes, notes) ?? 'stream';
  const isWaiting = readWait(name, attributes, notes) ?? false;
  const mode = modeOf(isWaiting, attributes, types, flags, transport, notes);
  const isWhole = mode === 'whole-socket';
  const inherited = { bind: defaults.bind, isV6only: defaults.isV6only };
  const listening = readListening({ name, attributes, types, flags, transport, mode, inherited }, notes);
  const answering = readAnswer({ name, attributes, types, flags, transport }, isWhole, notes);
  checkUseless(attributes, types, flags, notes);
  const hasWrappers = !flags.has('NOLIBWRAP') && !(types.has('RPC') && transport === 'stream');
  const wrapperName = hasWrappers ? (attributes.one('libwrap')?.text ?? answering?.wrapperName) : undefined;
  const { access, hosts } = readAccess(name, attributes, defaults, isWhole, wrapperName, notes);
  const isRelay = answering?.answer.kind === 'relay';
  const hasClient = !isWhole && transport === 'stream';
  const records = readRecords({ name, attributes, flags, defaults, isRelay, hasClient, told }, notes);
  const limits = completeLimits(
    readLimits(attributes, notes),
    defaults.limits,
    mode,
    flags.has('NORETRY') ? 0 : startRetries,
  );
  const banners = readBanners(attributes, defaults, mode, transport, notes);
  const hasGroups = readSwitch(attributes.one('groups'), notes) ?? defaults.hasGroups ?? false;
  const process = readProcess(attributes, defaults.umask, options, notes);
  const families = listening?.endpoints.map(({ family }) => family) ?? [];
  const surroundings = readSurroundings(attributes, defaults.passenv, mode, families, common, notes);
  if (answering !== undefined) checkUser(name, attributes, answering.answer, notes);
  if (notes.errorCount() !== errors || listening === undefined || answering === undefined) {
    return undefined;
  }

  const user = attributes.one('user');
  const group = attributes.one('group');
  const marks: Marks = {
    ...listening.marks,
    ...answering.marks,
    service: markWord(name),
    ...(user === undefined ? {} : { user: markWord(user) }),
    ...(group === undefined ? {} : { group: markWord(group) }),
  };
  return {
    marks,
    doubts: { listedName: listening.listedName, hosts },
    service: {
      id: attributes.one('id')?.text ?? name.text,
      name: name.text,
      origin: marks.service.at,
      dialect: 'xinetd',
      endpoints: listening.endpoints,
      mux: listening.mux,
      rpc: listening.rpc,
      mode,
      answer: answering.answer,
      credentials: readCredentials(attributes, hasGroups),
      limits,
      access,
      banners,
      ...records,
      ...noDaemon,
      process,
      surroundings,
      socket: readSocket(flags, options),
    },
  };
};
