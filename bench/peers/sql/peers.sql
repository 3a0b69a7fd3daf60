-- Makes the peers' tables out of Linnet's, in a copy of a database that `linnet seed --scale` has filled: the same people say the
-- same things to each other. Their schema is what somebody writes who needs a chat and nothing else.
begin;
alter schema public rename to linnet;
create schema public;
set local search_path = public;

create table users (
  id uuid primary key,
  username text not null unique,
  name text not null,
  avatar_url text,
  created_at timestamptz not null default now()
);
create table threads (
  id uuid primary key,
  name text,
  is_direct boolean not null default false,
  last_message_at timestamptz not null default now(),
  last_seq bigint not null default 0
);
create table thread_participants (
  thread_id uuid not null references threads (id),
  user_id uuid not null references users (id),
  role text not null default 'member',
  last_read_seq bigint not null default 0,
  primary key (thread_id, user_id)
);
create table messages (
  id uuid primary key,
  thread_id uuid not null references threads (id),
  user_id uuid not null references users (id),
  seq bigint not null,
  content text not null,
  parent_id uuid references messages (id),
  created_at timestamptz not null default now(),
  edited_at timestamptz,
  deleted_at timestamptz,
  constraint messages_thread_seq unique (thread_id, seq)
);
create table message_reactions (
  message_id uuid not null references messages (id),
  user_id uuid not null references users (id),
  emoji text not null,
  primary key (message_id, user_id, emoji)
);
create table message_attachments (
  message_id uuid not null references messages (id),
  url text not null,
  type text not null,
  name text not null,
  size bigint not null,
  primary key (message_id, url)
);

insert into users
select u.id, u.username, p.display_name, p.avatar_url, u.created_at
from linnet.users u join linnet.profiles p on p.user_id = u.id
where u.username ~ '^user[0-9]+$';
insert into threads
select id, title, kind = 'direct', activity_at, message_count from linnet.threads where exists (
  select from linnet.thread_participants p where p.thread_id = threads.id);
insert into thread_participants
select thread_id, user_id, role, last_read_position from linnet.thread_participants;
insert into messages
select id, thread_id, sender_id, position, content, parent_id, created_at, null, null from linnet.messages order by id;
insert into message_reactions select message_id, user_id, emoji from linnet.message_reactions;
insert into message_attachments select message_id, url, type, name, size from linnet.message_attachments;

create index thread_participants_user on thread_participants (user_id);
create index messages_parent on messages (parent_id) where parent_id is not null;
create index messages_user on messages (user_id);
commit;
drop schema linnet cascade;
