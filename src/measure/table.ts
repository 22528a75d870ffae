// A run's result as text for a terminal: what was asked, latencies, rates, errors, costs, and a drawing.
import { renderDistribution } from './distribution-chart.ts';
import { plural, showCount, showRate, showTime } from './figures.ts';
import { isCorrected, renderLatencies, renderPhases } from './latency-table.ts';
import { entry, type Look, plain, styled, wrap } from './layout.ts';
import { errorKinds, type Result, type Settings } from './result.ts';

const showSeconds = (seconds: number): string => `${Number(seconds.toFixed(seconds < 10 ? 2 : 1))} s`;

const showLoop = ({ loop, clients, rate, arrivals, seed }: Settings): string => {
  if (loop === 'closed') return `closed loop, ${plural(clients, 'client')}`;
  const moments = arrivals === 'poisson' ? ` (Poisson, seed ${seed ?? 0})` : '';
  return `open loop, ${showRate(rate ?? 0)} connections/s${moments}, at most ${showCount(clients)} at once`;
};

const showWindow = ({ seconds, settings, isInterrupted }: Result): string => {
  const warmUp = settings.warmUp > 0 ? ` after ${showSeconds(settings.warmUp)} of warm-up` : '';
  return `${isInterrupted ? 'interrupted at ' : ''}${showSeconds(seconds)}${warmUp}`;
};

const heading = (result: Result, look: Look): string => {
  const name = plain(result.name);
  const target = plain(result.target);
  const title = name === target || name === '' ? target : `${name}: ${target}`;
  const from = result.settings.sources === undefined ? '' : `, from ${plain(result.settings.sources)}`;
  const line = `${title}: ${showLoop(result.settings)}${from}, ${showWindow(result)}`;
  return wrap(line, look.width, 2)
    .split('\n')
    .map((each) => styled(each, 'bold', look))
    .join('\n');
};

const showErrors = ({ errors }: Result): string =>
  errorKinds
    .filter((kind) => errors[kind] > 0)
    .map((kind) => `${showCount(errors[kind])} ${kind}`)
    .join(', ');

const counts = (result: Result, look: Look): readonly string[] => {
  const { settings, unfinished, unrecorded, late } = result;
  const wanted = settings.rate === undefined ? '' : ` of ${showRate(settings.rate)} wanted`;
  const errors = showErrors(result);
  return [
    entry('rate', `${showRate(result.rate)} connections/s${wanted}`, look),
    entry('connections', `${showCount(result.connections)} went well`, look),
    errors === '' ? entry('errors', 'none', look) : styled(entry('errors', errors, look), 'red', look),
    ...(unfinished > 0 ? [entry('unfinished', `${showCount(unfinished)} when the run ended`, look)] : []),
    ...(unrecorded > 0
      ? [entry('unrecorded', `${showCount(unrecorded)} came too fast to be recorded: only in the rate`, look)]
      : []),
    ...(late > 0
      ? [
          entry(
            'late',
            `${showCount(late)} began after their time: ${showCount(settings.clients)} were under way already`,
            look,
          ),
        ]
      : []),
  ];
};

const showMemory = (kibibytes: number): string =>
  kibibytes < 10_240 ? `${showCount(kibibytes)} KiB` : `${(kibibytes / 1024).toFixed(1)} MiB`;

const serverCosts = ({ server }: Result, look: Look): readonly string[] => {
  if ('unknown' in server) return [entry('server', `unknown: ${plain(server.unknown)}`, look)];
  const { userTimePerConnection: user, systemTimePerConnection: system, peakKibibytes } = server;
  const show = (time: number): string => showTime(time, look.isUnicode);
  const since = server.peakIs === 'of the run' ? '' : ' since it started';
  const memory = peakKibibytes === undefined ? '' : `; at most ${showMemory(peakKibibytes)}${since}`;
  return [
    entry(
      'server',
      `${show(user + system)} of processor time per connection (user ${show(user)}, system ${show(system)})${memory}`,
      look,
    ),
    entry('', `process ${server.pid}: ${plain(server.command)}`, look),
    ...(server.note === undefined ? [] : [entry('', plain(server.note), look)]),
  ];
};

const worryingShare = 1 / 3; // nearer to its floor the client's own work shows in the latencies

const clientCosts = ({ clientTimePerConnection, floor, rate }: Result, look: Look): readonly string[] => {
  const own = `${showTime(clientTimePerConnection, look.isUnicode)} of processor time per connection`;
  if (floor === undefined) return [entry('client', own, look)];
  const ratio = rate > 0 ? `: ${(floor.rate / rate).toFixed(1)} times this rate` : '';
  const alone = `the client alone reaches ${showRate(floor.rate)} connections/s against a responder of its own`;
  const { p50, p99 } = floor.firstByte;
  const first = `first byte p50 ${showTime(p50, look.isUnicode)}, p99 ${showTime(p99, look.isUnicode)}`;
  return [
    entry('client', own, look),
    entry('floor', `${alone}${ratio} (${first})`, look),
    ...(rate > floor.rate * worryingShare
      ? [
          styled(
            wrap('warning: that is less than 3 times this rate: the client may be the limit', look.width, 2),
            'yellow',
            look,
          ),
        ]
      : []),
  ];
};

/** The phase to draw: the first byte, or the end where the server sends nothing. */
const drawing = (result: Result, look: Look): readonly string[] => {
  const phase = result.latency.firstByte.uncorrected.count > 0 ? 'firstByte' : 'close';
  const latency = result.latency[phase];
  const lines = renderDistribution(latency.corrected, look);
  if (lines.length === 0) return [];
  const title = `${phase === 'firstByte' ? 'first byte' : 'close'}${isCorrected(latency) ? ', corrected' : ''}`;
  return ['', styled(`${title}: connections by their time`, 'bold', look), ...lines];
};

/** The whole result, without a line end after it. */
export const renderResult = (result: Result, look: Look): string =>
  [
    heading(result, look),
    '',
    ...renderLatencies(result, look),
    '',
    ...counts(result, look),
    ...serverCosts(result, look),
    ...clientCosts(result, look),
    ...(result.phases === undefined ? [] : ['', ...renderPhases(result.phases, look)]),
    ...drawing(result, look),
  ].join('\n');
