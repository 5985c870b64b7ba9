/* The table of signatures as data; see signature.h. */
#include "pkcs11/call.h"

#include "pkcs11/signature.h"

#define UNPACK(...) __VA_ARGS__

#define NONE        {ARGUMENT_NONE, 0}
#define HANDLE      {ARGUMENT_HANDLE, 0}
#define NUMBER      {ARGUMENT_NUMBER, 0}
#define BYTES       {ARGUMENT_BYTES, 0}
#define PIN         {ARGUMENT_PIN, 0}
#define SIZE        {ARGUMENT_SIZE, 0}
#define OUTPUT      {ARGUMENT_OUTPUT, 0}
#define FILL        {ARGUMENT_FILL, 0}
#define ROOM        {ARGUMENT_ROOM, 0}
#define LABEL       {ARGUMENT_LABEL, 0}
#define TEXT        {ARGUMENT_TEXT, 0}
#define CELL        {ARGUMENT_CELL, 0}
#define LIST        {ARGUMENT_LIST, 0}
#define FOUND       {ARGUMENT_FOUND, 0}
#define TEMPLATE    {ARGUMENT_TEMPLATE, 0}
#define QUERY       {ARGUMENT_QUERY, 0}
#define PRESENT     {ARGUMENT_PRESENT, 0}
#define OWN         {ARGUMENT_OWN, 0}
#define RECORD(t)    {ARGUMENT_RECORD, sizeof(t)}
#define MECHANISM(u) {ARGUMENT_MECHANISM, P11_PARAMETER_##u}
#define MESSAGE(k)   {ARGUMENT_MESSAGE, k}

const struct p11_signature p11_signatures[P11_FUNCTIONS_COUNT] = {
#define ROW(name_, n, types_, kinds) {.name = #name_, .types = #types_, .arguments = {UNPACK kinds, NONE}},
    P11_SIGNATURES(ROW)
#undef ROW
};
