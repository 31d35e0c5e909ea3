// The shop, paid through mpesa-node, as its authors ship it.
const Mpesa = require('mpesa-node')
const { serve } = require('./shop')

const mpesa = new Mpesa({
  consumerKey: process.env.MPESA_KEY,
  consumerSecret: process.env.MPESA_SECRET,
  lipaNaMpesaShortCode: '174379',
  lipaNaMpesaShortPass: process.env.MPESA_PASSKEY
})
if (process.env.MPESA_URL) mpesa.baseURL = process.env.MPESA_URL

serve({
  token: async () => (await mpesa.oAuth()).data.access_token,
  push: async ({ phone, shillings, url }) => (await mpesa.lipaNaMpesaOnline(phone, shillings, url, 'Order 1')).data,
  query: async (checkout) => (await mpesa.lipaNaMpesaQuery(checkout)).data,
  refusal: (error) => error.response.data
})
