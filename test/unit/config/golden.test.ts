// Every file in test/fixtures/configs: `written` ones against what they resolve to, `invalid` ones against their sentence.
// `npx vitest run -u` writes the expectations anew; read the difference before committing it.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { describeConfig } from '../../../src/config/secret.ts';

const folder = join(import.meta.dirname, '../../fixtures/configs');
const environment = { PATH: '/bin', TOKEN: 's3cret', HTTPS_PROXY: 'http://s3cret@proxy' };

function filesIn(name: string): string[] {
  return readdirSync(join(folder, name)).filter((file) => file.endsWith('.json'));
}

describe('written', () => {
  it.each(filesIn('written'))('%s', async (file) => {
    const config = await loadConfig({ options: { config: join(folder, 'written', file) }, environment });
    const { file: path, ...described } = describeConfig(config);
    expect(path).toBe(join(folder, 'written', file));
    const text = JSON.stringify({ ...described, ignoredKeys: config.ignoredKeys }, null, 2).replaceAll(folder, '');
    expect(text).not.toContain('s3cret');
    await expect(`${text}\n`).toMatchFileSnapshot(join(folder, 'resolved', file));
  });
});

describe('invalid', () => {
  it.each(filesIn('invalid'))('%s', async (file) => {
    const path = join(folder, 'invalid', file);
    const error: unknown = await loadConfig({ options: { config: path }, environment }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as ConfigError;
    expect(message).not.toContain('s3cret');
    expect(message).not.toContain('\n');
    await expect(`${message.replaceAll(folder, '')}\n`).toMatchFileSnapshot(path.replace(/\.json$/, '.txt'));
  });
});
