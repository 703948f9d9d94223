// A shop whose products any page may list, and one page alone may see and delete.
const cors = require('cors');
const express = require('express');

const app = express();
app.use(cors());

const corsOptions = {
  origin: 'https://app.example.com',
  methods: ['DELETE'],
  optionsSuccessStatus: 200, // some old clients take 204 for an error
};

app.get('/products', (req, res) => {
  res.send('three products\n');
});
app.post('/products', (req, res) => {
  res.status(201).send('product made\n');
});
app.get('/products/:id', cors(corsOptions), (req, res) => {
  res.send(`product ${Number(req.params.id)}\n`);
});
app.delete('/products/:id', cors(corsOptions), (req, res) => {
  res.send('product deleted\n');
});

const server = app.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
