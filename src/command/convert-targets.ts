// The languages that acceptd converts to: how each is written, read back, and compared.
import type { Conversion } from '../config/conversion.ts';
import { writeNative } from '../config/inetd/conversion.ts';
import { writeJson } from '../config/json.ts';
import { type Configuration, defaultLoadOptions, parseConfiguration } from '../config/load.ts';
import { exactService, normalService, type PortNumber } from '../config/normal-form.ts';
import { readUnits } from '../config/units/meaning.ts';
import { normalUnit } from '../config/units/normal-unit.ts';
import { writeSystemd } from '../config/units/writer.ts';
import { writeXinetd } from '../config/xinetd/writer.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Service } from '../model/service.ts';
import type { TargetName } from './convert-options.ts';

export type Target = {
  /** What stands in messages. */
  readonly shown: string;
  /** A file for each unit, or one for all services. */
  readonly hasManyFiles: boolean;
  write(services: readonly Service[], configuration: Configuration, portNumber: PortNumber): Conversion;
  read(files: Conversion['files']): {
    readonly services: readonly Service[];
    readonly diagnostics: readonly Diagnostic[];
  };
  /** A service as it is compared. */
  normal(service: Service, portNumber: PortNumber): unknown;
};

const parse = (files: Conversion['files'], language: 'inetd' | 'xinetd') => {
  const [file = { name: '', text: '' }] = files;
  const { services, diagnostics } = parseConfiguration(file.text, file.name, {
    ...defaultLoadOptions,
    language,
  });
  return { services: services.map(({ service }) => service), diagnostics };
};

const isObject = (value: unknown): value is { readonly services?: readonly Service[] } =>
  typeof value === 'object' && value !== null;

const native: Target = {
  shown: "acceptd's own language",
  hasManyFiles: false,
  write: writeNative,
  read: (files) => parse(files, 'inetd'),
  normal: exactService,
};

const xinetd: Target = {
  shown: 'xinetd.conf',
  hasManyFiles: false,
  write: (services, _, portNumber) => writeXinetd(services, portNumber),
  read: (files) => parse(files, 'xinetd'),
  normal: normalService,
};

const systemd: Target = {
  shown: 'units of systemd',
  hasManyFiles: true,
  write: (services, _, portNumber) => writeSystemd(services, portNumber),
  read: (files) => {
    const { services, diagnostics } = readUnits(files);
    return { services: services.map(({ service }) => service), diagnostics };
  },
  normal: normalUnit,
};

const json: Target = {
  shown: 'JSON',
  hasManyFiles: false,
  write: (services, { files, diagnostics }) => writeJson(services, files, diagnostics),
  read: (files) => {
    const value: unknown = JSON.parse(files[0]?.text ?? 'null');
    return { services: isObject(value) ? (value.services ?? []) : [], diagnostics: [] };
  },
  normal: (service) => service,
};

export const targets: Readonly<Record<TargetName, Target>> = { inetd: native, xinetd, systemd, json };
