// The shop, paid through mpesa-api, as its authors ship it: it has no setting for the host, nor for a port.
const { Mpesa } = require('mpesa-api')
const { serve } = require('./shop')

const credentials = { clientKey: process.env.MPESA_KEY, clientSecret: process.env.MPESA_SECRET }
const mpesa = new Mpesa({ ...credentials, securityCredential: 'of no use to a push' }, 'sandbox')
const merchant = { BusinessShortCode: 174379, passKey: process.env.MPESA_PASSKEY }

serve({
  token: () => mpesa.authenticate(),
  push: ({ phone, shillings, url }) => mpesa.lipaNaMpesaOnline({
    ...merchant,
    Amount: shillings,
    PartyA: phone,
    PartyB: '174379',
    PhoneNumber: phone,
    CallBackURL: url,
    AccountReference: 'Order 1',
    TransactionType: 'CustomerPayBillOnline'
  }),
  query: (checkout) => mpesa.lipaNaMpesaQuery({ ...merchant, CheckoutRequestID: checkout }),
  refusal: (error) => error.data
})
