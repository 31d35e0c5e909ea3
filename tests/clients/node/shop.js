// A shop without a framework. `client` is one of the Node clients: token(), push(order), query(checkout).
const http = require('node:http')

const callbacks = new Map()

async function told (request) {
  const pieces = []
  for await (const piece of request) pieces.push(piece)
  return JSON.parse(Buffer.concat(pieces).toString())
}

async function pay (client, request) {
  try {
    const answer = await client.push({ ...(await told(request)), url: `http://${request.headers.host}/callback` })
    return [200, { checkout: answer.CheckoutRequestID, accepted: answer.ResponseCode === '0' }]
  } catch (error) {
    const { errorCode, errorMessage } = client.refusal(error)
    return [402, { by: error.constructor.name, refused: errorCode, message: errorMessage }]
  }
}

async function callback (request) {
  const { stkCallback } = (await told(request)).Body
  callbacks.set(stkCallback.CheckoutRequestID, stkCallback)
  return [200, { ResultCode: 0, ResultDesc: 'Accepted' }]
}

function paid (checkout) {
  const { ResultCode, CallbackMetadata } = callbacks.get(checkout)
  const value = (name) => CallbackMetadata?.Item.find((item) => item.Name === name)?.Value
  return [200, { code: ResultCode, receipt: value('MpesaReceiptNumber') ?? null, shillings: value('Amount') ?? null }]
}

async function answer (client, request) {
  const [, place, checkout] = request.url.split('/')
  if (place === 'token') return [200, { token: await client.token() }]
  if (place === 'pay') return pay(client, request)
  if (place === 'callback') return callback(request)
  if (place === 'paid') return paid(checkout)
  return [200, { code: Number((await client.query(checkout)).ResultCode) }]
}

exports.serve = function (client) {
  const server = http.createServer(async (request, response) => {
    const [status, body] = await answer(client, request).catch((error) => [500, { error: String(error) }])
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1', () => console.log(`shop: ready on http://127.0.0.1:${server.address().port}`))
}
