// The state of a running server as one text, under the headings of xinetd's dump: pure, without names that would have to be asked for.
import { describeAddress, type Peer, showPeer } from '../model/address.ts';
import { escapeControls } from '../model/diagnostic.ts';
import type { InstanceState, ServerState } from '../runtime/state.ts';
import { dumpService } from './dump-service.ts';

/** What the state of the server itself does not say. */
export type DumpFacts = {
  readonly version: string;
  readonly configurationFiles: readonly string[];
  readonly openDescriptors: readonly number[];
  readonly processLimit: number | undefined;
};

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Thu Nov 26 03:54:52 2026`: the form of ctime(3), local time. */
const showDate = (date: Date): string => {
  const pad = (value: number, fill: string): string => String(value).padStart(2, fill);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => pad(part, '0'))
    .join(':');
  return `${days[date.getDay()]} ${months[date.getMonth()]} ${pad(date.getDate(), ' ')} ${time} ${date.getFullYear()}`;
};

const showRemote = (peer: Peer | undefined): string => {
  if (peer === undefined) return '<no address>';
  return peer.kind === 'internet' ? `${peer.host},${peer.port}` : showPeer(peer);
};

const dumpInstance = ({ service, pid, startedAt, peer }: InstanceState): string =>
  [
    `${service} server`,
    `pid = ${pid}`,
    `start_time = ${showDate(startedAt)}`,
    'Connection info:',
    `\tservice = ${service}`,
    `\tremote_address = ${showRemote(peer)}`,
    '',
  ].join('\n');

const serverTable = ({ instances, builtins }: ServerState): readonly string[] => [
  'Server table dump:',
  ...instances.map(dumpInstance),
  ...[...builtins].map(([service, count]) => `${service} (in acceptd itself) = ${count}\n`),
];

export const dumpState = (state: ServerState, facts: DumpFacts): string => {
  const { services } = state;
  const listeners = services.flatMap((each) => each.listeners);
  const watched = listeners.flatMap(({ descriptor, isWatched }) =>
    descriptor !== undefined && isWatched ? [descriptor] : [],
  );
  const known = new Set<number>(watched);
  const others = facts.openDescriptors.filter((descriptor) => !known.has(descriptor));
  const running =
    state.instances.length + [...state.builtins.values()].reduce((sum, count) => sum + count, 0);
  const text = [
    `INTERNAL STATE DUMP: acceptd ${facts.version}`,
    `Current time: ${showDate(state.at)}`,
    '',
    'Services + defaults:',
    ...services.map((each) => `${dumpService(each)}\n`),
    ...serverTable(state),
    'Retry table dump:',
    ...listeners.flatMap(({ address, descriptor }) =>
      descriptor === undefined ? [`${describeAddress(address)} is to be opened`] : [],
    ),
    '',
    `Socket mask: ${watched.join(' ')}`,
    `Open descriptors (not in socket mask): ${others.join(' ')}`,
    '',
    `active_services = ${services.filter(({ condition }) => condition === 'active').length}`,
    `available_services = ${services.length}`,
    `descriptors_free = ${Math.max(0, state.descriptorLimit - facts.openDescriptors.length)}`,
    `running_servers = ${running}`,
    '',
    `max_descriptors = ${state.descriptorLimit}`,
    `process_limit = ${facts.processLimit ?? 0}`,
    ...facts.configurationFiles.map((file) => `config_file = ${file}`),
    '',
    'END OF DUMP',
    '',
  ].join('\n');
  return text.split('\n').map(showLine).join('\n');
};

/** Tabs are ours; any other control character comes from somebody's file. */
const showLine = (line: string): string => line.split('\t').map(escapeControls).join('\t');
