// With `node --require`: this process finds Safaricom's two hosts where `pesabox serve --tls` listens.
const https = require('node:https')

const FIXED_HOSTS = ['sandbox.safaricom.co.ke', 'api.safaricom.co.ke']
const { createConnection } = https.Agent.prototype

https.Agent.prototype.createConnection = function (options, ...more) {
  const place = FIXED_HOSTS.includes(options.host) ? { host: '127.0.0.1', port: Number(process.env.PESABOX_PORT) } : {}
  return createConnection.call(this, { ...options, ...place }, ...more)
}
