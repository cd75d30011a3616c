import { describe, expect, it } from 'vitest';
import {
  childEnvironment,
  type InheritEnv,
  variableLookup,
  type VariableSources,
} from '../../../src/config/environment.ts';

const inherited = {
  HOME: '/home',
  PATH: '/bin',
  USER: 'me',
  HTTPS_PROXY: 'http://proxy',
  HTTP_PROXY: 'http://proxy',
  SECRET: 'x',
  MCPO_API_KEY: 'x',
};
const linux: VariableSources = { inherited, added: {}, platform: 'linux' };

function names(inherit: InheritEnv, sources = linux): string[] {
  return Object.keys(childEnvironment(sources, inherit, {})).toSorted();
}

describe('what a child inherits', () => {
  it('is everything but our own', () => {
    expect(names(true)).toEqual(['HOME', 'HTTPS_PROXY', 'HTTP_PROXY', 'PATH', 'SECRET', 'USER']);
  });

  it('is the minimum', () => {
    expect(names(false)).toEqual(['HOME', 'PATH', 'USER']);
  });

  it('is the minimum and what is listed, by name or pattern, never our own', () => {
    expect(names(['HTTP*_PROXY', 'MCPO_*', 'secret'])).toEqual(['HOME', 'HTTPS_PROXY', 'HTTP_PROXY', 'PATH', 'USER']);
    expect(names([])).toEqual(['HOME', 'PATH', 'USER']);
    expect(names(['*'])).toEqual(names(true));
  });
});

it('lets what is added win over what is inherited, and the own over both', () => {
  const sources = { ...linux, added: { SECRET: 'added', OWN: 'added', mcpo_x: 'x' } };
  expect(childEnvironment(sources, false, { OWN: 'own', path: '/own' })).toEqual({
    HOME: '/home',
    PATH: '/bin',
    USER: 'me',
    SECRET: 'added',
    OWN: 'own',
    path: '/own',
  });
});

describe('on Windows', () => {
  const windows: VariableSources = {
    inherited: { Path: 'C:\\bin', SystemRoot: 'C:\\Windows', Secret: 'x', mcpo_api_key: 'x' },
    added: { secret: 'added' },
    platform: 'win32',
  };

  it('names differ by more than case', () => {
    expect(childEnvironment(windows, false, { PATH: 'D:\\bin' })).toEqual({
      PATH: 'D:\\bin',
      SystemRoot: 'C:\\Windows',
      secret: 'added',
    });
    expect(variableLookup(windows)('PATH')).toBe('C:\\bin');
    expect(variableLookup(windows)('SECRET')).toBe('added');
  });
});

it('finds a variable by its exact name elsewhere', () => {
  const find = variableLookup({ ...linux, added: { SECRET: 'added' } });
  expect([find('SECRET'), find('secret'), find('HOME'), find('toString')]).toEqual([
    'added',
    undefined,
    '/home',
    undefined,
  ]);
});
