import { describe, expect, it } from 'vitest';
import { type OptionDefinition, optionNamed, options, variablesOf } from '../../../src/config/options.ts';
import { parseOption } from '../../../src/config/option-values.ts';

const all: readonly OptionDefinition[] = options;

describe('the table of options', () => {
  it('names each option after its flag, so that a command line parser arrives at the same name', () => {
    for (const { name, flag } of all) {
      expect(flag.slice(2).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())).toBe(name);
    }
  });

  it('gives no name twice', () => {
    const flags = all.flatMap(({ flag, short, aliases = [] }) => [
      flag,
      ...(short === undefined ? [] : [short]),
      ...aliases,
    ]);
    const variables = all.flatMap(variablesOf);
    expect(new Set(flags).size).toBe(flags.length);
    expect(new Set(variables).size).toBe(variables.length);
  });

  it('has the short forms and variables of the Python program', () => {
    const shorts = Object.fromEntries(all.flatMap(({ flag, short }) => (short === undefined ? [] : [[short, flag]])));
    expect(shorts).toEqual({
      '-h': '--host',
      '-p': '--port',
      '-k': '--api-key',
      '-e': '--env',
      '-H': '--header',
      '-c': '--config',
      '-n': '--name',
      '-d': '--description',
      '-v': '--version',
      '-t': '--ssl-certfile',
      '-K': '--ssl-keyfile',
    });
    expect(optionNamed('serverType')).toMatchObject({ flag: '--server-type', aliases: ['--type'] });
    expect(variablesOf(optionNamed('logLevel'))).toEqual(['MCPO_LOG_LEVEL', 'LOG_LEVEL']);
    expect(variablesOf(optionNamed('connectionTimeout'))).toEqual(['MCPO_CONNECTION_TIMEOUT', 'CONNECTION_TIMEOUT']);
    expect(variablesOf(optionNamed('sslCertfile'))).toEqual(['MCPO_SSL_CERTFILE']);
  });

  it('has defaults that its own kinds accept', () => {
    const valueOf = (
      name: 'port' | 'maxBody' | 'maxResult' | 'connectionTimeout' | 'callTimeout' | 'logLevel',
    ): unknown => parseOption(optionNamed(name).kind, optionNamed(name).default, name);
    expect(valueOf('port')).toBe(8000);
    expect(valueOf('maxBody')).toBe(32 * 1024 ** 2);
    expect(valueOf('maxResult')).toBe(256 * 1024 ** 2);
    expect(valueOf('connectionTimeout')).toBe(30_000);
    expect(valueOf('callTimeout')).toBe(290_000);
    expect(valueOf('logLevel')).toBe('info');
  });

  it('keeps help to one line without a full stop', () => {
    for (const { help } of all) {
      expect(help).toMatch(/^[^\n]{5,90}$/);
      expect(help).not.toMatch(/\.$/);
    }
  });
});
