// Who may come and how fast, as directives of a socket unit.
import type { ClientPattern } from '../../model/access.ts';
import { type Network, showNetwork } from '../../model/network.ts';
import type { Service } from '../../model/service.ts';
import type { LossReport } from '../conversion.ts';
import { span } from '../inetd/written-access.ts';
import { normalOnRate, normalPatterns } from '../normal-form.ts';
import { withoutNetworks } from './network-difference.ts';
import type { Line } from './written-line.ts';

/** More connections than a machine has. */
export const unlimitedConnections = 2_147_483_647;

const networksOf = (patterns: readonly ClientPattern[]): readonly Network[] =>
  normalPatterns(patterns).flatMap((pattern) => (pattern.kind === 'network' ? [pattern.network] : []));

const hasNames = (patterns: readonly ClientPattern[]): boolean =>
  patterns.some(({ kind }) => kind !== 'network');

const show = (networks: readonly Network[]): readonly string[] => networks.map(showNetwork);

const listLines = (service: Service, report: LossReport): readonly Line[] => {
  const { onlyFrom, noAccess } = service.access ?? { onlyFrom: undefined, noAccess: [] };
  if (onlyFrom === undefined && noAccess.length === 0) return [];
  report.lose('', 'packets are dropped, so clients wait; without BPF in the kernel nothing is', 'try it');
  const denied = networksOf(noAccess);
  if (onlyFrom === undefined) {
    if (hasNames(noAccess)) {
      report.lose('access.noAccess', 'clients cannot be kept out by their names', 'use a firewall');
    }
    return denied.length === 0 ? [] : [['IPAddressDeny', ...show(denied)]];
  }
  const named = networksOf(onlyFrom);
  const allowed = withoutNetworks(named, denied);
  if (hasNames(onlyFrom)) {
    report.lose('access.onlyFrom', 'clients cannot be let in by their names', 'write their addresses');
  }
  if (show(allowed).join() !== show(named).join()) {
    report.lose('access.onlyFrom', 'IPAddressAllow= wins, so what is denied is cut out of it');
  }
  if (noAccess.length > 0) {
    report.lose('access.noAccess', 'nobody else comes in who is not in IPAddressAllow=');
  }
  return [
    ['IPAddressDeny', 'any'],
    ...(allowed.length === 0 ? [] : [['IPAddressAllow', ...show(allowed)] as const]),
  ];
};

export const accessLines = (service: Service, report: LossReport): readonly Line[] => {
  const { access, banners, identity, serviceLog } = service;
  const lines = listLines(service, report);
  if (access !== undefined && access.times.length > 0) {
    report.lose('access.times', 'no times of day', 'let timers start and stop the socket');
  }
  if (access?.maxLoad !== undefined) report.lose('access.maxLoad', 'no limit of the load');
  if (access?.wrapperName !== undefined) {
    report.lose('access.wrapperName', 'no hosts.allow and hosts.deny', 'start the program with tcpd');
  }
  if (banners !== undefined) report.lose('banners', 'no banners', 'let the program write them');
  if (identity !== undefined) report.lose('identity', "nobody asks for the client's user");
  if (serviceLog !== undefined) {
    report.lose('serviceLog', "no log of a service's own; the journal names units", 'read journalctl -u');
  }
  return lines;
};

export const rateLines = ({ limits }: Service, report: LossReport): readonly Line[] => {
  const { rate } = limits;
  // who comes too often must not end the service for good
  const forever: Line = ['TriggerLimitIntervalSec', '0'];
  if (rate === undefined) return [forever, ['PollLimitIntervalSec', '0']];
  if (rate.pause !== rate.window) {
    report.lose('limits.rate.pause', 'the pause after too many starts is the rest of the interval');
  }
  if (normalOnRate(limits) !== 'hold') {
    report.lose('limits.onRate', 'meanwhile clients wait, and the port stays open');
  }
  report.lose('', 'PollLimit...= needs systemd 255', 'look at systemctl --version');
  return [forever, ['PollLimitIntervalSec', span(rate.window)], ['PollLimitBurst', String(rate.count)]];
};

/** Per-connection services alone have these. */
export const connectionLines = ({ limits, answer, mode }: Service, report: LossReport): readonly Line[] => {
  const isWhole = mode === 'whole-socket';
  const usual = isWhole ? 'hold' : 'refuse';
  if (limits.instances !== undefined && limits.onLimit !== usual) {
    const what = usual === 'refuse' ? 'are turned away' : 'wait';
    report.lose('limits.onLimit', `when all instances are busy further clients ${what}`);
  }
  if (limits.perSourceRate !== undefined) {
    report.lose('limits.perSourceRate', 'nobody counts the starts of one client', 'use a firewall');
  }
  if (limits.startRetries > 0) {
    report.lose('limits.startRetries', 'a start that fails is not tried again');
  }
  const { v4, v6 } = limits.sourcePrefix;
  const isNetwork = v4 !== 32 || v6 !== 128;
  const isCounted = limits.perSource !== undefined && !isWhole && answer.kind !== 'relay';
  if (isCounted && isNetwork) report.lose('', 'for systemd a source is one address, not a network');
  if (!isCounted && isNetwork && (limits.perSource ?? limits.perSourceRate) !== undefined) {
    report.lose('limits.sourcePrefix', 'no source is counted');
  }
  if (isWhole || answer.kind === 'relay') {
    if (limits.perSource !== undefined) {
      report.lose('limits.perSource', 'the connections of one client are not counted here');
    }
    if (isWhole && limits.instances !== 1) {
      report.lose('limits.instances', 'a service has one instance at a time');
    }
    return [];
  }
  return [
    ['MaxConnections', String(limits.instances ?? unlimitedConnections)],
    ...(limits.perSource === undefined
      ? []
      : [
          ['MaxConnectionsPerSource', String(limits.perSource)] as const,
          // acceptd's own, which systemd passes over
          ...(v4 === 32 && v6 === 64 ? [] : [['X-SourcePrefix', String(v4), String(v6)] as const]),
        ]),
  ];
};
