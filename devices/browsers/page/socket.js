// The socket of a page: one question at a time, each answered by a function of its name.

/** Opens it, and answers with what `answers[name](question)` returns or throws; `onEnd` is called once it is over. Returns a function
 * that says an event.
 */
export function serve(answers, onEnd = () => {}) {
  const address = new URL("socket", location.href);
  address.protocol = "ws:";
  const socket = new WebSocket(address);
  socket.onclose = onEnd;
  socket.onmessage = async (message) => {
    const question = JSON.parse(message.data);
    let answer;
    try {
      if (!Object.hasOwn(answers, question.do)) throw new Error(`the page knows no ${question.do}`);
      answer = await answers[question.do](question);
    } catch (error) {
      answer = told(error);
    }
    socket.send(JSON.stringify({ id: question.id, ...answer }));
  };
  return (event) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(event));
  };
}

/** An error by name and message. Engines throw strings and numbers too (of a WebAssembly's abort). */
function told(error) {
  if (error instanceof Error || error instanceof DOMException) {
    return { error: error.name || "Error", message: String(error.message).slice(0, 4000) };
  }
  return { error: "Error", message: String(error).slice(0, 4000) };
}

/** An error with a name of our own. */
export function named(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}
