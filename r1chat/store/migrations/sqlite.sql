CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE conversation (
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    title TEXT DEFAULT '' NOT NULL,
    model TEXT DEFAULT '' NOT NULL,
    shown_turn_id TEXT,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    deleted_at DATETIME, budget INTEGER, keep_thoughts BOOLEAN DEFAULT 0 NOT NULL, seen_from TEXT, thinking_choice TEXT DEFAULT '' NOT NULL, system TEXT DEFAULT '' NOT NULL, sampling TEXT DEFAULT '' NOT NULL, system_role BOOLEAN DEFAULT 0 NOT NULL, preset TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id)
);

CREATE INDEX ix_conversation_updated_at ON conversation (updated_at, number);

CREATE TABLE turn (
    id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    parent_reply_id TEXT,
    position INTEGER NOT NULL,
    shown_reply_id TEXT,
    created_at DATETIME NOT NULL,
    content TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE,
    CONSTRAINT turn_parent_reply_id_fkey FOREIGN KEY(parent_reply_id) REFERENCES reply (id) ON DELETE CASCADE
);

CREATE INDEX ix_turn_conversation_id ON turn (conversation_id);

CREATE UNIQUE INDEX ix_turn_parent_reply_id ON turn (parent_reply_id, position);

CREATE TABLE reply (
    id TEXT NOT NULL,
    turn_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    shown_turn_id TEXT,
    owner TEXT DEFAULT '' NOT NULL,
    created_at DATETIME NOT NULL,
    saved_at DATETIME NOT NULL,
    finish TEXT,
    closed BOOLEAN NOT NULL,
    reopened BOOLEAN NOT NULL,
    error TEXT DEFAULT '' NOT NULL,
    raw_finish TEXT DEFAULT '' NOT NULL,
    prompt_tokens INTEGER,
    cached_tokens INTEGER,
    reasoning_tokens INTEGER NOT NULL,
    answer_tokens INTEGER NOT NULL,
    context INTEGER,
    first_token DOUBLE,
    thinking DOUBLE NOT NULL,
    total DOUBLE NOT NULL,
    load DOUBLE,
    prefill DOUBLE,
    decode DOUBLE,
    backend TEXT DEFAULT '' NOT NULL,
    backend_version TEXT DEFAULT '' NOT NULL,
    model TEXT DEFAULT '' NOT NULL,
    digest TEXT DEFAULT '' NOT NULL,
    quantisation TEXT DEFAULT '' NOT NULL,
    template_hash TEXT DEFAULT '' NOT NULL,
    temperature DOUBLE NOT NULL,
    top_p DOUBLE NOT NULL,
    top_k INTEGER NOT NULL,
    min_p DOUBLE NOT NULL,
    repeat_penalty DOUBLE NOT NULL,
    seed BIGINT,
    max_tokens INTEGER,
    origin TEXT NOT NULL,
    parent_id TEXT,
    kept_reasoning INTEGER NOT NULL,
    kept_answer INTEGER NOT NULL,
    reasoning TEXT DEFAULT '' NOT NULL,
    answer TEXT DEFAULT '' NOT NULL, budget INTEGER, closed_by TEXT DEFAULT '' NOT NULL, vote_id TEXT, seen_from TEXT, keep_thoughts BOOLEAN DEFAULT 0 NOT NULL, thinking_choice TEXT DEFAULT '' NOT NULL, system TEXT DEFAULT '' NOT NULL, sampling_source TEXT DEFAULT '' NOT NULL, presence_penalty DOUBLE DEFAULT '0' NOT NULL, system_role BOOLEAN DEFAULT 0 NOT NULL, preset TEXT DEFAULT '' NOT NULL, later TEXT DEFAULT '' NOT NULL, incomplete_prompt BOOLEAN DEFAULT 0 NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE CASCADE,
    FOREIGN KEY(parent_id) REFERENCES reply (id) ON DELETE SET NULL
);

CREATE UNIQUE INDEX ix_reply_turn_id ON reply (turn_id, position);

CREATE INDEX ix_reply_parent_id ON reply (parent_id);

CREATE INDEX ix_reply_growing ON reply (id) WHERE finish IS NULL;

CREATE TABLE search_document (rowid INTEGER PRIMARY KEY, source TEXT NOT NULL, terms BLOB NOT NULL);

CREATE VIRTUAL TABLE search_index USING fts5(terms, content = '', tokenize = 'ascii', detail = 'none', columnsize = 0, prefix = '3');

CREATE INDEX ix_reply_vote_id ON reply (vote_id) WHERE vote_id IS NOT NULL;

CREATE TABLE moment_label (
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    reply_id TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    kind TEXT NOT NULL,
    verdict TEXT NOT NULL,
    created_at DATETIME NOT NULL, rater TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id),
    FOREIGN KEY(reply_id) REFERENCES reply (id) ON DELETE CASCADE
);

CREATE INDEX ix_moment_label_reply_id ON moment_label (reply_id);

CREATE TABLE rating (
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    reply_id TEXT NOT NULL,
    part TEXT NOT NULL,
    thumb TEXT NOT NULL,
    reasons TEXT DEFAULT '' NOT NULL,
    comment TEXT DEFAULT '' NOT NULL,
    helpfulness INTEGER,
    correctness INTEGER,
    clarity INTEGER,
    harmlessness INTEGER,
    thought_open BOOLEAN,
    rater TEXT DEFAULT '' NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id),
    FOREIGN KEY(reply_id) REFERENCES reply (id) ON DELETE CASCADE
);

CREATE TABLE step_label (
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    reply_id TEXT NOT NULL,
    verdict TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    rater TEXT DEFAULT '' NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id),
    FOREIGN KEY(reply_id) REFERENCES reply (id) ON DELETE CASCADE
);

CREATE TABLE duel (
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    turn_id TEXT NOT NULL,
    left_id TEXT NOT NULL,
    right_id TEXT NOT NULL,
    blind BOOLEAN NOT NULL,
    rater TEXT DEFAULT '' NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id),
    FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE CASCADE,
    FOREIGN KEY(left_id) REFERENCES reply (id) ON DELETE CASCADE,
    FOREIGN KEY(right_id) REFERENCES reply (id) ON DELETE CASCADE
);

CREATE TABLE comparison (
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    duel_id TEXT NOT NULL,
    winner TEXT NOT NULL,
    left_thought_seen BOOLEAN,
    right_thought_seen BOOLEAN,
    dwell DOUBLE,
    comment TEXT DEFAULT '' NOT NULL,
    rater TEXT DEFAULT '' NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id),
    FOREIGN KEY(duel_id) REFERENCES duel (id) ON DELETE CASCADE
);

CREATE TABLE reference (
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    turn_id TEXT NOT NULL,
    text TEXT NOT NULL,
    kind TEXT NOT NULL,
    rater TEXT DEFAULT '' NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id),
    FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE CASCADE
);

CREATE TABLE verification (
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    reply_id TEXT NOT NULL,
    reference_id TEXT NOT NULL,
    accuracy DOUBLE,
    rater TEXT DEFAULT '' NOT NULL,
    created_at DATETIME NOT NULL, rules TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id),
    FOREIGN KEY(reply_id) REFERENCES reply (id) ON DELETE CASCADE,
    FOREIGN KEY(reference_id) REFERENCES reference (id) ON DELETE CASCADE
);

CREATE TABLE consent (
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    conversation_id TEXT,
    allowed BOOLEAN NOT NULL,
    rater TEXT DEFAULT '' NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id),
    FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
);

CREATE TABLE exclusion (
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    excluded BOOLEAN NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    rater TEXT DEFAULT '' NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id)
);

CREATE INDEX ix_rating_reply_id ON rating (reply_id);

CREATE INDEX ix_step_label_reply_id ON step_label (reply_id);

CREATE INDEX ix_duel_turn_id ON duel (turn_id);

CREATE INDEX ix_duel_left_id ON duel (left_id);

CREATE INDEX ix_duel_right_id ON duel (right_id);

CREATE INDEX ix_comparison_duel_id ON comparison (duel_id);

CREATE INDEX ix_reference_turn_id ON reference (turn_id);

CREATE INDEX ix_verification_reply_id ON verification (reply_id);

CREATE INDEX ix_verification_reference_id ON verification (reference_id);

CREATE INDEX ix_consent_conversation_id ON consent (conversation_id);

CREATE INDEX ix_exclusion_subject_id ON exclusion (subject_id);

CREATE INDEX ix_reply_corrected ON reply (parent_id) WHERE origin = 'corrected';

CREATE TABLE preset (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    model TEXT DEFAULT '' NOT NULL,
    budget INTEGER,
    thinking_choice TEXT DEFAULT '' NOT NULL,
    system TEXT DEFAULT '' NOT NULL,
    system_role BOOLEAN DEFAULT 0 NOT NULL,
    sampling TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);

INSERT INTO alembic_version VALUES ('0011');

