// Any access list, banner, ident and service log, for tests that take every one of them.
import fc from 'fast-check';
import type { Access, Banners, ClientPattern, Identity } from '../../src/model/access.ts';
import { networkOf } from '../../src/model/network.ts';
import { bytes } from '../../src/model/quantity.ts';
import {
  failureFields,
  type ServiceLog,
  successFields,
  syslogFacilities,
  syslogLevels,
} from '../../src/model/service-log.ts';

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined });

const network = fc
  .constantFrom(4, 16)
  .chain((size) =>
    fc.tuple(fc.uint8Array({ minLength: size, maxLength: size }), fc.integer({ min: 0, max: size * 8 })),
  )
  .map(([address, prefix]): ClientPattern => ({ kind: 'network', network: networkOf(address, prefix) }));

const hostName = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,6}[a-z0-9](?:\.[a-z]{2,4}){0,2}$/);

export const clientPattern: fc.Arbitrary<ClientPattern> = fc.oneof(
  network,
  hostName.map((name): ClientPattern => ({ kind: 'host', name })),
  hostName.map((name): ClientPattern => ({ kind: 'domain', suffix: `.${name}` })),
);

const patterns = fc.array(clientPattern, { maxLength: 4 });
const minute = fc.integer({ min: 0, max: 1440 });

export const arbitraryAccess = (wrapperName: fc.Arbitrary<string>): fc.Arbitrary<Access | undefined> =>
  fc
    .record({
      onlyFrom: maybe(patterns),
      noAccess: patterns,
      times: fc.array(fc.record({ from: minute, to: minute }), { maxLength: 3 }),
      maxLoad: maybe(fc.integer({ min: 1, max: 100_000 }).map((load) => load / 1000)),
      wrapperName: maybe(wrapperName),
    })
    .map((access) => {
      const isOpen =
        access.onlyFrom === undefined &&
        access.noAccess.length + access.times.length === 0 &&
        access.maxLoad === undefined &&
        access.wrapperName === undefined;
      return isOpen ? undefined : access;
    });

export const arbitraryBanners = (file: fc.Arbitrary<string>): fc.Arbitrary<Banners | undefined> =>
  fc
    .record({ always: maybe(file), success: maybe(file), failure: maybe(file) })
    .map((banners) => (Object.values(banners).every((path) => path === undefined) ? undefined : banners));

export const arbitraryIdentity: fc.Arbitrary<Identity | undefined> = fc
  .record({ whenAdmitted: fc.boolean(), whenRefused: fc.boolean(), isRequired: fc.boolean() })
  .map((identity) => (Object.values(identity).includes(true) ? identity : undefined));

export const arbitraryServiceLog = (file: fc.Arbitrary<string>): fc.Arbitrary<ServiceLog | undefined> =>
  maybe(
    fc.record({
      destination: fc.oneof(
        fc
          .tuple(file, maybe(fc.nat()), maybe(fc.nat()))
          .map(([path, one, other]): ServiceLog['destination'] => ({
            kind: 'file',
            path,
            softLimit:
              one === undefined ? undefined : bytes(other === undefined ? one : Math.min(one, other)),
            hardLimit:
              other === undefined ? undefined : bytes(one === undefined ? other : Math.max(one, other)),
          })),
        fc.record({
          kind: fc.constant('syslog' as const),
          facility: fc.constantFrom(...syslogFacilities),
          level: fc.constantFrom(...syslogLevels),
        }),
      ),
      onSuccess: fc.subarray([...successFields]),
      onFailure: fc.subarray([...failureFields]),
    }),
  );
