// Makes a request as a script does, and tells what the script gets: by fetch, or by
// XMLHttpRequest if something is to listen to the upload.
async function look({ url, upload, ...init }) {
  if (upload) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest()
      request.open(init.method, url)
      init.headers.forEach(([name, value]) => request.setRequestHeader(name, value))
      request.withCredentials = init.credentials === 'include'
      request.upload.addEventListener('progress', () => {})
      request.onload = () =>
        resolve({
          result: 'readable',
          status: request.status,
          headers: request.getAllResponseHeaders().trim().split('\r\n').map((line) => line.split(': ')),
        })
      request.onerror = () => resolve({ result: 'blocked', error: 'XMLHttpRequest' })
      request.send('body') // without one there is nothing to listen to
    })
  }
  try {
    const response = await fetch(url, init)
    await response.arrayBuffer()
    return {
      result: response.type === 'opaque' ? 'opaque' : 'readable',
      status: response.status,
      headers: [...response.headers],
    }
  } catch (e) {
    return { result: 'blocked', error: String(e) }
  }
}

// Calls a function that needs no other one: in this page, or in a frame in a sandbox,
// whose origin is opaque.
function callIn(sandbox, call, what) {
  if (!sandbox) return call(what)
  return new Promise((resolve) => {
    const frame = document.createElement('iframe')
    frame.sandbox = 'allow-scripts'
    addEventListener('message', function listen(e) {
      if (e.source !== frame.contentWindow) return
      removeEventListener('message', listen)
      frame.remove()
      resolve(e.data)
    })
    frame.srcdoc = `<script>(${call})(${JSON.stringify(what)}).then((r) => parent.postMessage(r, '*'))</` + 'script>'
    document.body.append(frame)
  })
}
