// The list of conversations: shows what the server sends, sends clicks back as {verb, id, text}.
const list = element.querySelector('.list');
const act = (verb, id, text = '') => trigger('act', {verb, id, text});
const show = () => { list.innerHTML = props.value?.html ?? ''; };
watch('value', show);
show();

list.addEventListener('click', event => {
  const button = event.target.closest('[data-verb]');
  if (!button) return;
  event.preventDefault();
  const {verb, id} = button.dataset;
  if (verb === 'rename') rename(button, id); else act(verb, id);
  if (verb === 'open') document.body.classList.remove('list-open');
});

function rename(button, id) {
  const row = button.closest('.row');
  const link = row.querySelector('[data-verb=open]');
  const box = document.createElement('input');
  box.value = link.textContent;
  box.className = 'renaming';
  box.setAttribute('aria-label', button.getAttribute('aria-label'));
  let over = false;
  const end = save => {
    if (over) return;
    over = true;
    if (save && box.value.trim() && box.value !== link.textContent) act('rename', id, box.value);
    box.replaceWith(link);
    link.focus();
  };
  box.onkeydown = event => {
    event.stopPropagation();
    if (event.key === 'Enter' && !event.isComposing) end(true);
    if (event.key === 'Escape') end(false);
  };
  box.onblur = () => end(true);
  link.replaceWith(box);
  box.focus();
  box.select();
}
