import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import { parseOption } from '../../../src/config/option-values.ts';
import type { OptionKind } from '../../../src/config/options.ts';

function parse(kind: OptionKind, raw: unknown): unknown {
  return parseOption(kind, raw, '--it');
}

/** The values among these that are not refused with a sentence that names the source and repeats no value. */
function notRefused(kind: OptionKind, ...values: readonly unknown[]): unknown[] {
  return values.filter((value) => {
    try {
      parse(kind, value);
    } catch (error) {
      return !(error instanceof ConfigError && /^--it .*\.$/.test(error.message) && !error.message.includes('s3cret'));
    }
    return true;
  });
}

describe('sizes', () => {
  it.each([
    ['32MiB', 33_554_432],
    ['10MB', 10_000_000],
    ['1048576', 1_048_576],
    [4096, 4096],
    ['1.5 KiB', 1536],
    ['2k', 2048],
    ['3m', 3_145_728],
    ['100kb', 100_000],
    ['7B', 7],
    ['0.4GiB', 429_496_729],
  ])('%s', (raw, bytes) => expect(parse('size', raw)).toBe(bytes));

  it('refuses nothing, less than nothing, and more than fits', () => {
    expect(
      notRefused(
        'size',
        '',
        '0',
        '0.1',
        '-1',
        'MiB',
        '5 parsecs',
        '1e6',
        '0x10',
        Number.NaN,
        Number.POSITIVE_INFINITY,
        null,
        true,
      ),
    ).toEqual([]);
    expect(notRefused('size', '1GiB', 2 ** 40)).toEqual([]);
  });
});

describe('seconds', () => {
  it.each([
    ['30', 30_000],
    ['0.5', 500],
    ['.25', 250],
    [0.0001, 1],
    [290, 290_000],
  ])('%s', (raw, timeMs) => expect(parse('seconds', raw)).toBe(timeMs));

  it('refuses what no timer can do', () => {
    expect(
      notRefused(
        'seconds',
        '0',
        0,
        -1,
        '-1',
        '',
        'soon',
        '30s',
        '1e3',
        Number.POSITIVE_INFINITY,
        Number.NaN,
        2_147_484,
        null,
      ),
    ).toEqual([]);
  });
});

describe('booleans', () => {
  it('knows the usual words', () => {
    for (const raw of [true, 'true', 'TRUE', '1', 'yes', 'on']) expect(parse('boolean', raw)).toBe(true);
    for (const raw of [false, 'false', 'False', '0', 'no', 'off']) expect(parse('boolean', raw)).toBe(false);
    expect(notRefused('boolean', '', 'maybe', 'y', 2, 1, null, [])).toEqual([]);
  });
});

describe('ports', () => {
  it('takes whole numbers from 0 to 65535', () => {
    expect([parse('port', 0), parse('port', '8000'), parse('port', 65_535)]).toEqual([0, 8000, 65_535]);
    expect(notRefused('port', -1, 65_536, '80.5', 80.5, '0x50', '', 'http', null)).toEqual([]);
  });
});

describe('hosts', () => {
  it('takes addresses and names, brackets or not', () => {
    const given = ['127.0.0.1', '::1', '[::1]', 'localhost', 'my-host.example', ' 0.0.0.0 '];
    const expected = ['127.0.0.1', '::1', '::1', 'localhost', 'my-host.example', '0.0.0.0'];
    expect(given.map((raw) => parse('host', raw))).toEqual(expected);
    expect(
      notRefused('host', '', '127.0.0.1:8000', 'http://localhost', '[localhost]', 'a b', '[::1]:80', '*', 5),
    ).toEqual([]);
  });
});

describe('secrets', () => {
  it('takes them as they are, but not empty or over several lines', () => {
    expect(parse('secret', ' top "secret" ü ')).toBe(' top "secret" ü ');
    expect(notRefused('secret', '', '  ', 's3cret\n', 's3cret\0', 5)).toEqual([]);
  });
});

describe('origins', () => {
  it('writes them as browsers do', () => {
    expect(parse('origins', 'https://Chat.Example.com/, http://localhost:3000')).toEqual([
      'https://chat.example.com',
      'http://localhost:3000',
    ]);
    expect(parse('origins', ['*', 'null', 'https://a:443', 'chrome-extension://abc'])).toEqual([
      '*',
      'null',
      'https://a',
      'chrome-extension://abc',
    ]);
    expect(parse('origins', [])).toEqual([]);
  });

  it('refuses what can never be an Origin', () => {
    expect(
      notRefused(
        'origins',
        'example.com',
        'https://a/path',
        'https://user:s3cret@a',
        'https://*.example.com/x?y',
        'https://',
        [5],
      ),
    ).toEqual([]);
  });
});

describe('networks', () => {
  it('takes addresses and CIDR blocks', () => {
    const given = ['127.0.0.1', '10.0.0.0/8,::1', 'fd00::/8', '0.0.0.0/0', '::ffff:10.0.0.0/104'];
    expect(parse('networks', given)).toEqual(given.flatMap((entry) => entry.split(',')));
    expect(
      notRefused(
        'networks',
        '10.0.0.0/33',
        '::/129',
        '10.0.0',
        'localhost',
        '*',
        '10.0.0.0/',
        '10.0.0.0/8/8',
        '10.0.0.0/-1',
        'fe80::1%eth0',
      ),
    ).toEqual([]);
  });
});

describe('variables', () => {
  it('splits at the first equals sign', () => {
    expect(parse('variables', ['A=1', 'B=x=y', 'C='])).toEqual({ A: '1', B: 'x=y', C: '' });
    expect(parse('variables', { A: '1' })).toEqual({ A: '1' });
  });

  it('refuses what no process can be given, and what is our own', () => {
    expect(
      notRefused('variables', 's3cret', '=s3cret', 'A B=s3cret', 'A=s3\0cret', 'MCPO_API_KEY=s3cret', 'mcpo_x=s3cret', {
        A: 5,
      }),
    ).toEqual([]);
  });
});

describe('headers', () => {
  it('takes JSON and lines, the later of equal names', () => {
    expect(parse('headers', '{"Authorization": "Bearer token", "X-Custom-Header": "value"}')).toEqual({
      Authorization: 'Bearer token',
      'X-Custom-Header': 'value',
    });
    expect(parse('headers', ['A: 1', 'b:2:3 ', '{"a": "4"}'])).toEqual({ b: '2:3', a: '4' });
    expect(parse('headers', { A: '1' })).toEqual({ A: '1' });
    expect(parse('headers', '{}')).toEqual({});
  });

  it('refuses everything else without repeating it', () => {
    expect(
      notRefused(
        'headers',
        '',
        's3cret',
        '["s3cret"]',
        '"s3cret"',
        '{"A": "s3cret"',
        '{"A": 5}',
        ': s3cret',
        'A B: s3cret',
        null,
      ),
    ).toEqual([]);
    expect(
      notRefused('headers', { A: 's3cret\r\nB: c' }, { A: 's3cret €' }, { '': 's3cret' }, { A: 's3cret', a: 's3cret' }),
    ).toEqual([]);
  });
});

describe('paths', () => {
  it.each([
    ['', ''],
    ['/', ''],
    ['api', '/api'],
    ['/api/mcpo/', '/api/mcpo'],
    ['//api//mcpo', '/api/mcpo'],
    ['/a%20b', '/a%20b'],
  ])('%j is %j', (raw, path) => expect(parse('path', raw)).toBe(path));

  it('refuses what would not arrive as it is written', () => {
    expect(
      notRefused('path', '/a b', '/a?b', '/a#b', '/../a', '/./a', '/ü', '/a\\b', '/a%2', 'http://host/a', '/{x}', 5),
    ).toEqual([]);
  });
});

describe('URLs', () => {
  it('takes plain web addresses', () => {
    expect(parse('url', 'https://tools.example.com/')).toBe('https://tools.example.com');
    expect(parse('url', 'http://host:8080/a/b//')).toBe('http://host:8080/a/b');
    expect(
      notRefused(
        'url',
        '',
        'host',
        'ftp://host',
        'https://host?s3cret',
        'https://host#s3cret',
        'https://user:s3cret@host',
      ),
    ).toEqual([]);
  });
});

describe('words', () => {
  it('knows the levels of Python and of other loggers', () => {
    const words = ['debug', 'TRACE', 'Info', 'WARN', 'warning', 'ERROR', 'CRITICAL', 'fatal'];
    const levels = ['debug', 'debug', 'info', 'warning', 'warning', 'error', 'error', 'error'];
    expect(words.map((word) => parse('log-level', word))).toEqual(levels);
    expect(notRefused('log-level', '', 'loud', 'constructor', 5)).toEqual([]);
  });

  it('knows every name of the three transports', () => {
    const words = ['stdio', 'SSE', 'http', 'streamable-http', 'streamable_http', 'streamablehttp', 'streamableHttp'];
    const types = ['stdio', 'sse', ...Array.from({ length: 5 }, () => 'streamable-http')];
    expect(words.map((word) => parse('server-type', word))).toEqual(types);
    expect(notRefused('server-type', '', 'websocket', 5)).toEqual([]);
  });

  it('takes texts and files as they are', () => {
    expect([parse('text', ''), parse('text', ' a '), parse('file', './a b')]).toEqual(['', ' a ', './a b']);
    expect(notRefused('text', 5, 'a\0', null, undefined)).toEqual([]);
    expect(notRefused('file', '', ' ', 5)).toEqual([]);
  });
});
