// The client that we are to an authorization server, and how it proves that in a request: with nothing, a secret, or a
// signed statement (RFC 6749, section 2.3; RFC 7523). What was configured holds; else the server's wishes do.

import {
  createPrivateKeyJwtAuth,
  selectClientAuthMethod,
  type AddClientAuthentication,
  type AuthorizationServerMetadata,
} from '@modelcontextprotocol/client';
import type { OAuthConfig } from '../../config/types.ts';
import { SignInError } from './authorizer.ts';

export interface Client {
  readonly id: string;
  readonly secret: string | undefined;
  /** As it was configured or registered. */
  readonly method: string | undefined;
  /** By configuration; by the document that its id points to; by registration, under `redirectUrl`. */
  readonly kind: 'configured' | 'document' | 'registered';
  /** What it was registered with. */
  readonly redirectUrl: string | undefined;
}

type Method = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';

export function clientAuthentication(client: Client, config: OAuthConfig): AddClientAuthentication {
  const { privateKey, signingAlgorithm } = config;
  return async (headers, params, url, metadata) => {
    const { id, secret } = client;
    const method = methodOf(client, config, metadata);
    // Beside Basic it says nothing new, but there are servers that look for it here first.
    params.set('client_id', id);
    switch (method) {
      case 'client_secret_basic':
        headers.set('authorization', `Basic ${btoa(`${formEncoded(id)}:${formEncoded(secret ?? '')}`)}`);
        return;
      case 'client_secret_post':
        params.set('client_secret', secret ?? '');
        return;
      case 'private_key_jwt':
        try {
          const key = { privateKey: privateKey ?? '', alg: signingAlgorithm ?? '' };
          await createPrivateKeyJwtAuth({ issuer: id, subject: id, ...key })(headers, params, url, metadata);
        } catch {
          // What is thrown may quote the key.
          throw new SignInError(
            'private_key cannot sign: give a PKCS #8 key in PEM, and the signing_algorithm it is for',
          );
        }
        return;
      case 'none':
    }
  };
}

function methodOf(
  { id, secret, method, kind }: Client,
  { privateKey, tokenEndpointAuthMethod }: OAuthConfig,
  metadata: AuthorizationServerMetadata | undefined,
): Method {
  const chosen = kind === 'registered' ? method : tokenEndpointAuthMethod;
  if (chosen === 'private_key_jwt') return chosen;
  if (privateKey !== undefined && secret === undefined && kind !== 'registered') return 'private_key_jwt';
  if (kind === 'configured' && chosen !== undefined) return chosen as Method;
  const information = {
    client_id: id,
    ...(secret !== undefined && { client_secret: secret }),
    ...(chosen !== undefined && { token_endpoint_auth_method: chosen }),
  };
  return selectClientAuthMethod(information, [...(metadata?.token_endpoint_auth_methods_supported ?? [])]);
}

/** RFC 6749, section 2.3.1: both halves are form-encoded before they are put together. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
