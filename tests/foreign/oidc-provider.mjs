// A certified OpenID Connect provider, in which one person agrees to everything. Arguments: port, callback.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [port, callback, modules] = process.argv.slice(2)
const found = createRequire(`${modules}/`).resolve('oidc-provider')
const { Provider } = await import(pathToFileURL(found).href)

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'rollcall', client_secret: 'client secret', redirect_uris: [callback] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/agree/${interaction.uid}` },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: 'ana@example.com', email_verified: true, name: 'Ana Lee' }),
  }),
  pkce: { required: () => true },
})

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/agree/')) return next()
  const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res)
  if (prompt.name === 'login') {
    return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: 'person-1' } })
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
  grant.addOIDCScope('openid email profile')
  return provider.interactionFinished(ctx.req, ctx.res, { consent: { grantId: await grant.save() } })
})

provider.listen(Number(port), '127.0.0.1', () => console.log('listening'))
