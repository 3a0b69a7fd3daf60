// The pages of the reference: what each is about, and the types and root fields that are on it. The first one that claims a name has it.

export const nouns = [
  {
    page: 'events',
    title: 'Events of a thread',
    about: 'The log of a thread as a stream or by the page, and its signals. [streams.md](../streams.md) says what is promised.',
    owns: /^(threadEvents|threadSignals|typingSignal|TypingSignal\w*|messageAdded|MessageEdge|ThreadEvent\w*|ThreadFrame|ThreadSignal|AccessRevoked|CaughtUp|Heartbeat|StreamReset|Message(Posted|Edited|Deleted)|ReactionsChanged|ReceiptsAdvanced|ParticipantChanged?|ThreadChanged|Typing|Presence|AnswerWriting|AnswerChanged)$/,
  },
  {
    page: 'threads',
    title: 'Threads',
    about: 'Direct threads, groups and rooms, and who takes part in them.',
    owns: /^(thread|Thread|participant|Participant|[rR]oomBan|rooms$|lobby$|ViewerThreadState|(Direct|Group|Room)ThreadInput)/,
  },
  {
    page: 'messages',
    title: 'Messages',
    about: 'Messages, what they carry, reactions, and who has got and read them.',
    owns: /^(message|Message|[mM]ention|reaction|Reaction|Receipt)/,
  },
  {
    page: 'files',
    title: 'Files',
    about: 'What messages carry. [uploads.md](../uploads.md) says how to put it here.',
    owns: /^[aA]ttachment/,
  },
  { page: 'inbox', title: 'The inbox', about: 'All of your threads as they change.', owns: /^[iI]nbox/ },
  { page: 'chirps', title: 'Chirps', about: 'The public feed.', owns: /^[cC]hirp/ },
  {
    page: 'administration',
    title: 'Administration',
    about: 'What administrators of an installation see and do.',
    owns: /^(Administration|[fF]ailedJob|[jJ]ob|[sS]ystem$|Database|IndexUsage|StatementUsage|UntoldField|[uU]ser(Suspend|Unsuspend)|AssistantCost)/,
  },
  {
    page: 'accounts',
    title: 'Accounts',
    about: 'You and others: accounts, profiles, blocks, passwords and addresses.',
    owns: /^(account|Account|[uU]ser($|s$|By$|Kind$|Connection$|Edge$|Block|Unblock)|[vV]iewer$|[pP]rofile|[pP]assword|BlockedUser)/,
  },
  {
    page: 'sessions',
    title: 'Sessions, devices and keys',
    about: 'What speaks for an account, and what was done to it. [authentication.md](../authentication.md) shows how.',
    owns: /^([sS]ession|[dD]evice|[aA]piKey|Audit)/,
  },
  { page: 'wallets', title: 'Wallets', about: 'Signing in by "Sign-In with Ethereum".', owns: /^[wW]allet/ },
  { page: 'referrals', title: 'Referrals', about: 'Codes to sign up with, and who came by them.', owns: /^[rR]eferral/ },
  { page: 'diary', title: 'The diary', about: 'What one writes for oneself alone.', owns: /^[dD]iaryEntr/ },
  { page: 'tokens', title: 'Tokens', about: 'Collections, and what is minted into them.', owns: /^([nN]ft|[mM]int)/ },
  { page: 'assistant', title: 'The assistant', about: 'An account that answers.', owns: /^[aA]ssistant/ },
  {
    page: 'general',
    title: 'What everything shares',
    about: 'Nodes, pages, errors and scalars.',
    owns: /^([nN]odes?$|PageInfo$|UserError|Cursor$|Date$|DateTime$|JSON$)/,
  },
];
