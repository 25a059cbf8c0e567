"""All SQL of r1chat: what was said, kept in SQLite or PostgreSQL, and found again.

store       what the rest of r1chat sees
branches    rows <-> the shape of a conversation (`tree`)     search   which conversation has which words
labels      what people say of single moments                 schema   the tables, and rows <-> `r1chat.messages`
lookup      from an id to its row                             reply_owner  which process makes a reply
listing     the order of the list of conversations, and cursors into it
database    connections, migrations, sentences for errors                archive  rows as they are, for archives
erase       which rows a conversation has, and how they are erased      erasures  which ones were, for the runs' folders
backup      copies of an SQLite database: made, checked, put back      rescue  what can be read of a damaged one
strict_check  whether a file of unknown origin has the schema and the types of its revision
"""

from r1chat.store.database import IN_MEMORY, DatabaseState, hosts_elsewhere
from r1chat.store.store import Store

__all__ = ["IN_MEMORY", "DatabaseState", "Store", "hosts_elsewhere"]
