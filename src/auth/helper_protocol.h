/*
 * huks-auth-helper: the small program in which PAM runs, and how the engine starts, hears and ends it.
 *
 * A PAM module may load anything, change signals, fork, hang or crash: none of that belongs in a host's
 * process. The helper is started as an orphan, so that the host's wait() and SIGCHLD never see it, and
 * without the host's descriptors, signals, environment, directory and terminal. It leads a session of its
 * own. It is two processes: PAM runs in the second; the first waits for its end, for the end of the socket
 * (which the engine closes after auth_timeout_ms, or when the request is cancelled) and for the end of the
 * host, and then kills the whole session.
 *
 *   huks-auth-helper [--services DIR] [--user UID] SERVICE [ACCOUNT…]
 *
 * Asks the PAM service for one of the accounts: that of its own user id (or of UID, for whom the engine
 * works) if it is among them, else the first; its own when there is none. PAM's service files are looked for
 * in DIR (no default: where PAM has them). A service without a file of its own is none, for PAM would take
 * the one called "other".
 *
 * Descriptor 0 is a SEQPACKET socket to the engine, 3 a pidfd of the engine's process. Packets are a byte
 * that says what they are, and text. from the helper  I text     information to show          E text   the
 * same, of something that went wrong Q text     a question, whose answer may be shown        q text   … may
 * not be shown Y account NUL credential                 somebody was recognised: see below N text refused,
 * and why              U text   nobody could be asked, and why to the helper    A text     an answer X there
 * is none After Y, N or U it ends. The credential is the value of the PAM environment's HUKS_CREDENTIAL, by
 * which a module can say which of several fingers it was; most say nothing.
 */
#ifndef HUKS_AUTH_HELPER_PROTOCOL_H
#define HUKS_AUTH_HELPER_PROTOCOL_H

#define HELPER_NAME        "huks-auth-helper"
#define HELPER_PACKET_SIZE 1024 /* at most */
#define HELPER_CREDENTIAL  "HUKS_CREDENTIAL"
#define HELPER_USER        "--user"

enum helper_packet {
    HELPER_INFORMATION = 'I',
    HELPER_COMPLAINT = 'E',
    HELPER_QUESTION = 'Q',
    HELPER_SECRET_QUESTION = 'q',
    HELPER_YES = 'Y',
    HELPER_NO = 'N',
    HELPER_UNAVAILABLE = 'U',
    HELPER_ANSWER = 'A',
    HELPER_NO_ANSWER = 'X',
};

#endif
