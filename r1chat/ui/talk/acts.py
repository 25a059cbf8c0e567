"""What the page's buttons do with messages, replies, thoughts and conversations. Knows no Gradio and no SQL."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from r1chat.app import App
from r1chat.conversations import Verdict
from r1chat.errors import MessageError
from r1chat.learn.forgetting import erase_now
from r1chat.ui.act import Act, Actions, PageUpdate
from r1chat.ui.compare.acts import ask_both
from r1chat.ui.composer.acts import ask_phrasings, behaviour_of, choose_model, refresh_models
from r1chat.ui.composer.blocks import composer_blocks, model_key
from r1chat.ui.composer.choice import choice_of
from r1chat.ui.talk.screen import list_block, model_blocks, next_list_block, palette_block, show
from r1chat.ui.words.page import Words

LONGEST_KIND = 32  # characters of the name of a moment's kind


# --- messages --------------------------------------------------------------------------------------------------------


def ask(app: App, act: Act) -> PageUpdate:
    """Send a message, in a new conversation where none shows."""
    model = act.model or model_key(app, "")  # sent before the page knew which model it offers
    behaviour = None if act.conversation else behaviour_of(app, act)
    conversation = act.conversation or None
    generation = app.chat.send(
        conversation, act.text, model, steering=act.steering, behaviour=behaviour, carried_from=act.carried
    )
    return show(app, generation.conversation_id, model, act.words, act.query)


def ask_two(app: App, act: Act) -> PageUpdate:
    """Send a message to two models, or to one twice."""
    behaviour = None if act.conversation else behaviour_of(app, act)
    return show(app, ask_both(app, act, behaviour), act.model, act.words, act.query)


def ask_in_other_words(app: App, act: Act) -> PageUpdate:
    """Send one question in several phrasings."""
    return show(app, ask_phrasings(app, act), act.model, act.words, act.query)


def edit(app: App, act: Act) -> None:
    """Send a message in other words, beside the first."""
    app.chat.edit(act.subject, act.text, act.model)


def show_message(app: App, act: Act) -> None:
    """Show a message, or its neighbour before (-1) or after (1) it."""
    app.chat.show_turn(act.subject, _step(act))


# --- replies ---------------------------------------------------------------------------------------------------------


def stop(app: App, act: Act) -> None:
    """End the reply that is being made."""
    running = app.chat.running(act.conversation)
    if running is not None:
        running.stop()


def answer_now(app: App, act: Act) -> None:
    """Close the thought that runs."""
    app.chat.answer_now(act.conversation)


def again(app: App, act: Act) -> None:
    """Another reply to the same message."""
    app.chat.again(act.subject, act.model)


def retry(app: App, act: Act) -> None:
    """Stop what runs, and make another reply with other sampling."""
    app.chat.retry(act.conversation, act.subject, act.model)


def skip_thinking(app: App, act: Act) -> None:
    """Another reply, without a thought."""
    app.chat.again(act.subject, act.model, skip_thought=True)


def think_longer(app: App, act: Act) -> None:
    """Open the thought again."""
    app.chat.think_longer(act.subject, act.model)


def resume(app: App, act: Act) -> None:
    """Go on with a reply that was stopped."""
    app.chat.resume(act.subject)


def close_thought(app: App, act: Act) -> None:
    """Answer now, for a reply that ended in its thought."""
    app.chat.close_thought(act.subject)


def fork(app: App, act: Act) -> None:
    """Go on from an edited step of a thought."""
    fields = act.fields
    app.chat.fork(act.subject, fields.place("start"), fields.place("end"), fields.text("text"), act.model)


def vote(app: App, act: Act) -> None:
    """Sample several replies, and show that of the majority."""
    if not re.fullmatch(r"-?\d{1,4}", act.text):
        raise MessageError(Words.bad_samples.format(value=act.text[:40]))
    app.chat.vote(act.subject, int(act.text), act.model)


def show_reply(app: App, act: Act) -> None:
    """Show a reply, or its neighbour before (-1) or after (1) it."""
    app.chat.show_reply(act.subject, _step(act))


def label_moment(app: App, act: Act) -> None:
    """Whether a moment of reflection was rightly found."""
    fields = act.fields
    verdict: Verdict = "confirmed" if fields.text("verdict") == "confirmed" else "denied"
    kind = fields.text("kind")[:LONGEST_KIND]
    app.store.label_moment(act.subject, fields.place("start"), fields.place("end"), kind, verdict, app.teacher.rater)
    app.chat.publish(act.conversation)


def _step(act: Act) -> int:
    return {"-1": -1, "1": 1}.get(act.text, 0)


# --- the window of the model ----------------------------------------------------------------------------------------


def use_model(app: App, act: Act) -> PageUpdate:
    """Choose the model that the text names."""
    answer = choose_model(app, replace(act, model=act.text))
    answer["blocks"] += model_blocks(app, act.text, act.words)
    return answer


def look_again(app: App, act: Act) -> PageUpdate:
    """Ask every backend anew for its models."""
    act = replace(act, model=model_key(app, act.model))
    answer = refresh_models(app, act)
    answer["blocks"] += model_blocks(app, act.model, act.words)
    return {**answer, "model": act.model}


def leave_out_oldest(app: App, act: Act) -> None:
    """Let the model see the newest turns only."""
    app.chat.leave_out_oldest(act.conversation, act.model)


def show_all_turns(app: App, act: Act) -> None:
    """Let the model see every turn again."""
    app.chat.show_all_turns(act.conversation)


# --- conversations ---------------------------------------------------------------------------------------------------


def new(app: App, act: Act) -> PageUpdate:
    """The empty page; a conversation begins with its first message."""
    return show(app, "", act.model, act.words, act.query)


def new_temporary(app: App, act: Act) -> PageUpdate:
    """A new conversation that is kept in memory alone."""
    home = app.main.begin_temporary()
    conversation = home.store.new_conversation(model=act.model or model_key(app, ""))
    home.store.set_behaviour(conversation.id, app.main.chat.default_behaviour)
    return show(home, conversation.id, act.model, act.words, act.query)


def search(app: App, act: Act) -> PageUpdate:
    """The conversations that hold a text."""
    return {"blocks": [list_block(app, act.conversation, act.words, act.query)]}


def search_palette(app: App, act: Act) -> PageUpdate:
    """The conversations that the command palette offers for a text."""
    return {"blocks": [palette_block(app, act.words, act.text)]}


def show_more(app: App, act: Act) -> PageUpdate:
    """The next part of the list; the text says after which one."""
    return {"blocks": [next_list_block(app, act.conversation, act.words, act.query, act.text)]}


def open_conversation(app: App, act: Act) -> PageUpdate:
    """Show a conversation, with the model that it was held with."""
    key = model_key(app, app.store.conversation(act.subject).info.model)
    answer = show(app, act.subject, key, act.words, act.query)
    answer["model"] = key
    answer["blocks"] += model_blocks(app, key, act.words)
    answer["blocks"] += composer_blocks(app, key, choice_of(app, act.subject, key), act.words)
    return answer


def rename(app: App, act: Act) -> PageUpdate:
    """Give a conversation another title."""
    app.store.rename(act.subject, act.text.strip())
    app.chat.publish(act.subject)
    return search(app, act)


def delete(app: App, act: Act) -> PageUpdate:
    """Delete a conversation; it can be had back for a while, but for a temporary one."""
    running = app.chat.running(act.subject)
    if running is not None:
        running.stop()
    deleted = app.store.info(act.subject)  # what stands in it need not be readable
    app.store.delete(act.subject)
    if app.is_temporary:
        app.store.purge(timedelta(seconds=-1))
    conversation_id = "" if act.subject == act.conversation else act.conversation
    home = app.main.home_of(conversation_id)
    return show(home, conversation_id, act.model, act.words, act.query, None if app.is_temporary else deleted)


def undelete(app: App, act: Act) -> PageUpdate:
    """Restore a deleted conversation."""
    app.store.undelete(act.subject)
    return show(app, act.subject, act.model, act.words, act.query)


def restore(app: App, act: Act) -> PageUpdate:
    """Restore a deleted conversation to the list; what shows stays."""
    app.store.undelete(act.subject)
    return search(app, act)


def erase_deleted(app: App, act: Act) -> PageUpdate:
    """Erase a deleted conversation for good, before its time."""
    erase_now(app.main, act.subject)
    return search(app, act)


ACTIONS: Actions = {
    "ask": ask,
    "ask-both": ask_two,
    "ask-phrasings": ask_in_other_words,
    "edit": edit,
    "turn": show_message,
    "stop": stop,
    "answer": answer_now,
    "again": again,
    "retry": retry,
    "skip": skip_thinking,
    "longer": think_longer,
    "resume": resume,
    "close-thought": close_thought,
    "fork": fork,
    "vote": vote,
    "reply": show_reply,
    "label": label_moment,
    "use-model": use_model,
    "look-again": look_again,
    "leave-out": leave_out_oldest,
    "show-all": show_all_turns,
    "new": new,
    "temporary": new_temporary,
    "search": search,
    "palette": search_palette,
    "more": show_more,
    "open": open_conversation,
    "rename": rename,
    "delete": delete,
    "undo": undelete,
    "restore": restore,
    "erase-deleted": erase_deleted,
}
