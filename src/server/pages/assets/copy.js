// Puts a "Copy" button behind everything marked data-copy. Only where the browser has a clipboard to write to (https or
// loopback); without it, or without script, the text can be selected as ever.

const feedbackMs = 1500;

if (navigator.clipboard !== undefined) {
  for (const element of document.querySelectorAll('[data-copy]')) addButton(element);
}

function addButton(element) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  const rest = ` ${element.textContent.slice(0, 60)}`;
  const say = (word) => {
    button.textContent = word;
    button.setAttribute('aria-label', word + rest);
  };
  say('Copy');
  button.addEventListener('click', () => {
    navigator.clipboard
      .writeText(element.textContent)
      .then(
        () => say('Copied'),
        () => say('Not allowed'),
      )
      .finally(() => setTimeout(() => say('Copy'), feedbackMs));
  });
  element.after(button);
}
