// npm's oidc-provider on a port of this machine: anybody signs in by a name, and any client registers itself.
import Provider from 'oidc-provider';

const [port, address = '127.0.0.1', server = 'http://127.0.0.1:8000'] = process.argv.slice(2);
const resource = {
  scope: 'flows:read flows:write flows:approve',
  accessTokenFormat: 'jwt',
  accessTokenTTL: 600,
};
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'nightly',
      client_secret: 'only-for-this-test',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
    {
      client_id: 'approvals',
      client_secret: 'only-for-this-test',
      redirect_uris: [`${server}/approvals/signed-in`],
    },
  ],
  features: {
    devInteractions: { enabled: true },
    registration: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, indicator) => ({ ...resource, audience: indicator }),
    },
  },
  scopes: ['openid', 'offline_access', ...resource.scope.split(' ')],
  extraTokenClaims: (ctx, token) => (token.accountId ? { name: `${token.accountId} of the team` } : undefined),
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});
provider.listen(Number(port), address);
