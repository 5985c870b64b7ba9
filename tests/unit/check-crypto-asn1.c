/*
 * Encodings from outside: keys, curves and points that are almost DER, or almost of the right form. What is
 * taken comes out again as it went in; all else is refused in one way, and leaves no trace.
 */
#include "check-crypto.h"

#include <openssl/err.h>

/* From RFC 8410, RFC 6979 and numbers of no meaning. */
static const struct {
    const char *name;
    enum crypto_key_class class;
    bool fine;
    const char *encoded;
} keys[] = {
    /* clang-format off */
    {"Ed25519", CRYPTO_PUBLIC, true,
     "302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"followed by a byte", CRYPTO_PUBLIC, false,
     "302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e100"},
    {"followed by a NULL inside", CRYPTO_PUBLIC, false,
     "302c300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e10500"},
    {"cut in the key", CRYPTO_PUBLIC, false,
     "302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166"},
    {"cut after the header", CRYPTO_PUBLIC, false, "302a"},
    {"a SET", CRYPTO_PUBLIC, false,
     "312a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"OCTET STRING for BIT STRING", CRYPTO_PUBLIC, false,
     "302a300506032b657004210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"UTF8String for OID", CRYPTO_PUBLIC, false,
     "302a30050c032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"no algorithm", CRYPTO_PUBLIC, false,
     "302303210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"constructed OID", CRYPTO_PUBLIC, false,
     "302a300526032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"OID cut short", CRYPTO_PUBLIC, false,
     "302a300506032b65f003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"OID with padding", CRYPTO_PUBLIC, false,
     "302a300506032b806503210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"empty OID", CRYPTO_PUBLIC, false,
     "30273002060003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"unknown OID", CRYPTO_PUBLIC, false,
     "302a300506032a030403210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"parameters where none belong", CRYPTO_PUBLIC, false,
     "302c300706032b6570050003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"two parameters", CRYPTO_PUBLIC, false,
     "3034300f06092a864886f70d0101010500050003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c"
     "38ad703166e1"},
    {"unused bits", CRYPTO_PUBLIC, false,
     "302a300506032b657003210119bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e0"},
    {"nine unused bits", CRYPTO_PUBLIC, false,
     "302a300506032b657003210919bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"no count of unused bits", CRYPTO_PUBLIC, false, "3009300506032b65700300"},
    {"empty key", CRYPTO_PUBLIC, false, "300a300506032b6570030100"},
    {"BIT STRING in pieces", CRYPTO_PUBLIC, false,
     "302f300506032b6570232603110019bf44096984cdfe8541bac167dc3b96031100c85086aa30b6b6cb0c5c38ad703166"
     "e1"},
    {"long form of a short length", CRYPTO_PUBLIC, false,
     "30812a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"length with a leading zero", CRYPTO_PUBLIC, false,
     "3082002a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"indefinite length", CRYPTO_PUBLIC, false,
     "3080300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e10000"},
    {"indefinite length inside", CRYPTO_PUBLIC, false,
     "302c308006032b6570000003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"length of 2 GiB", CRYPTO_PUBLIC, false,
     "30847fffffff300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"key of length 2 GiB", CRYPTO_PUBLIC, false,
     "302e300506032b657003847fffffff0019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"length of 4 GiB", CRYPTO_PUBLIC, false,
     "3084ffffffff300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"key of length 4 GiB", CRYPTO_PUBLIC, false,
     "302e300506032b65700384ffffffff0019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"length of all of 64 bits", CRYPTO_PUBLIC, false,
     "3088ffffffffffffffff300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad"
     "703166e1"},
    {"key of length all of 64 bits", CRYPTO_PUBLIC, false,
     "3032300506032b65700388ffffffffffffffff0019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad"
     "703166e1"},
    {"length of 9 bytes of length", CRYPTO_PUBLIC, false,
     "3089010000000000000000300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38"
     "ad703166e1"},
    {"key of length 9 bytes of length", CRYPTO_PUBLIC, false,
     "3033300506032b657003890100000000000000000019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38"
     "ad703166e1"},
    {"length of 126 bytes of length", CRYPTO_PUBLIC, false,
     "30fe300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"key of length 126 bytes of length", CRYPTO_PUBLIC, false,
     "302a300506032b657003fe0019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"length of reserved length", CRYPTO_PUBLIC, false,
     "30ff300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"key of length reserved length", CRYPTO_PUBLIC, false,
     "302a300506032b657003ff0019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"tag of several bytes", CRYPTO_PUBLIC, false,
     "3f102a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"nothing inside", CRYPTO_PUBLIC, false, "3000"},
    {"zeros", CRYPTO_PUBLIC, false, "00000000000000000000000000000000"},
    {"Ed25519", CRYPTO_PRIVATE, true,
     "302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"},
    {"with attributes and public key", CRYPTO_PRIVATE, true,
     "3072020101300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"
     "a01f301d060a2a864886f70d01090914310f0c0d437572646c652043686169727381210019bf44096984cdfe8541bac1"
     "67dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"with public key in another form", CRYPTO_PRIVATE, true,
     "3053020101300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"
     "a12303210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"},
    {"followed by a byte", CRYPTO_PRIVATE, false,
     "302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"
     "00"},
    {"cut", CRYPTO_PRIVATE, false,
     "302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f447558"},
    {"followed by a NULL inside", CRYPTO_PRIVATE, false,
     "3030020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"
     "0500"},
    {"three things behind the key", CRYPTO_PRIVATE, false,
     "3075020101300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"
     "a01f301d060a2a864886f70d01090914310f0c0d437572646c652043686169727381210019bf44096984cdfe8541bac1"
     "67dc3b96c85086aa30b6b6cb0c5c38ad703166e1820100"},
    {"version 2", CRYPTO_PRIVATE, false,
     "302e020102300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"},
    {"negative version", CRYPTO_PRIVATE, false,
     "302e0201ff300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"},
    {"version of 5 bytes", CRYPTO_PRIVATE, false,
     "303202050100000000300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f"
     "44755842"},
    {"version with padding", CRYPTO_PRIVATE, false,
     "302f02020000300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f447558"
     "42"},
    {"empty version", CRYPTO_PRIVATE, false,
     "302d0200300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"},
    {"no version", CRYPTO_PRIVATE, false,
     "302b300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"},
    {"BIT STRING for OCTET STRING", CRYPTO_PRIVATE, false,
     "302f020100300506032b65700323000420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f447558"
     "42"},
    {"key not wrapped twice", CRYPTO_PRIVATE, false,
     "302c020100300506032b65700420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"},
    {"key followed by a byte", CRYPTO_PRIVATE, false,
     "302f020100300506032b657004230420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"
     "00"},
    {"key in pieces", CRYPTO_PRIVATE, false,
     "3032020100300506032b6570042624240410d4ee72dbf913584ad5b6d8f1f769f8ad04103afe7c28cbf1d4fbe097a88f"
     "44755842"},
    {"key in pieces outside", CRYPTO_PRIVATE, false,
     "3032020100300506032b6570242604090420d4ee72dbf9135804194ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f"
     "44755842"},
    {"key too short", CRYPTO_PRIVATE, false,
     "302d020100300506032b65700421041fd4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f447558"},
    {"key of length 4 GiB", CRYPTO_PRIVATE, false,
     "3032020100300506032b657004260484ffffffffd4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f"
     "44755842"},
    {"EC", CRYPTO_PRIVATE, true,
     "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420c9afa9d845ba75166b5c215767"
     "b1d6934e50c3db36e89b127b8a622b120f6721"},
    {"EC with all there is", CRYPTO_PRIVATE, true,
     "308193020100301306072a8648ce3d020106082a8648ce3d030107047930770201010420c9afa9d845ba75166b5c2157"
     "67b1d6934e50c3db36e89b127b8a622b120f6721a00a06082a8648ce3d030107a1440342000460fed4ba255a9d31c961"
     "eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3"
     "c294d4462299"},
    {"EC with parameters inside alone", CRYPTO_PRIVATE, true,
     "3043020100300906072a8648ce3d0201043330310201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b"
     "127b8a622b120f6721a00a06082a8648ce3d030107"},
    {"EC without parameters", CRYPTO_PRIVATE, false,
     "3037020100300906072a8648ce3d0201042730250201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b"
     "127b8a622b120f6721"},
    {"EC of version 0", CRYPTO_PRIVATE, false,
     "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201000420c9afa9d845ba75166b5c215767"
     "b1d6934e50c3db36e89b127b8a622b120f6721"},
    {"EC of version -1", CRYPTO_PRIVATE, false,
     "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201ff0420c9afa9d845ba75166b5c215767"
     "b1d6934e50c3db36e89b127b8a622b120f6721"},
    {"EC with an INTEGER", CRYPTO_PRIVATE, false,
     "3042020100301306072a8648ce3d020106082a8648ce3d03010704283026020101022100c9afa9d845ba75166b5c2157"
     "67b1d6934e50c3db36e89b127b8a622b120f6721"},
    {"EC in the wrong order", CRYPTO_PRIVATE, false,
     "308193020100301306072a8648ce3d020106082a8648ce3d030107047930770201010420c9afa9d845ba75166b5c2157"
     "67b1d6934e50c3db36e89b127b8a622b120f6721a1440342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61"
     "fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299a00a06082a86"
     "48ce3d030107"},
    {"EC with two points", CRYPTO_PRIVATE, false,
     "3081ce020100301306072a8648ce3d020106082a8648ce3d0301070481b33081b00201010420c9afa9d845ba75166b5c"
     "215767b1d6934e50c3db36e89b127b8a622b120f6721a181880342000460fed4ba255a9d31c961eb74c6356d68c049b8"
     "923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299034200"
     "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc"
     "64f2f1b20c2d7e9f5177a3c294d4462299"},
    {"EC with a point not wrapped", CRYPTO_PRIVATE, false,
     "308185020100301306072a8648ce3d020106082a8648ce3d030107046b30690201010420c9afa9d845ba75166b5c2157"
     "67b1d6934e50c3db36e89b127b8a622b120f67218142000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6c"
     "e669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"},
    {"EC with unused bits", CRYPTO_PRIVATE, false,
     "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b5c2157"
     "67b1d6934e50c3db36e89b127b8a622b120f6721a1440342010460fed4ba255a9d31c961eb74c6356d68c049b8923b61"
     "fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462298"},
    {"EC followed by NULL", CRYPTO_PRIVATE, false,
     "3043020100301306072a8648ce3d020106082a8648ce3d030107042930270201010420c9afa9d845ba75166b5c215767"
     "b1d6934e50c3db36e89b127b8a622b120f67210500"},
    {"EC public", CRYPTO_PUBLIC, true,
     "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c049b8923b"
     "61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"},
    {"EC public without parameters", CRYPTO_PUBLIC, false,
     "304f300906072a8648ce3d02010342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29f"
     "b67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"},
    {"RSA", CRYPTO_PUBLIC, true,
     "305c300d06092a864886f70d0101010500034b003048024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14"
     "395e83a8cdf2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc010203010001"},
    {"RSA without NULL", CRYPTO_PUBLIC, true,
     "305a300b06092a864886f70d010101034b003048024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14395e"
     "83a8cdf2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc010203010001"},
    {"RSA with a NULL of a byte", CRYPTO_PUBLIC, false,
     "305d300e06092a864886f70d010101050100034b003048024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef"
     "14395e83a8cdf2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc010203010001"},
    {"RSA with other parameters", CRYPTO_PUBLIC, false,
     "305d300e06092a864886f70d010101020100034b003048024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef"
     "14395e83a8cdf2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc010203010001"},
    {"RSA with a negative modulus", CRYPTO_PUBLIC, false,
     "305b300d06092a864886f70d0101010500034a0030470240c50b30557a9fc4e90e33587da2c7ec11365b80a5caef1439"
     "5e83a8cdf2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc010203010001"},
    {"RSA with a padded modulus", CRYPTO_PUBLIC, false,
     "305d300d06092a864886f70d0101010500034c00304902420000c50b30557a9fc4e90e33587da2c7ec11365b80a5caef"
     "14395e83a8cdf2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc010203010001"},
    {"RSA with a negative exponent", CRYPTO_PUBLIC, false,
     "305c300d06092a864886f70d0101010500034b003048024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14"
     "395e83a8cdf2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc010203810001"},
    {"RSA with an empty exponent", CRYPTO_PUBLIC, false,
     "3059300d06092a864886f70d01010105000348003045024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14"
     "395e83a8cdf2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc010200"},
    {"RSA with an ENUMERATED", CRYPTO_PUBLIC, false,
     "305c300d06092a864886f70d0101010500034b003048024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14"
     "395e83a8cdf2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc010a03010001"},
    {"RSA of three numbers", CRYPTO_PUBLIC, false,
     "3061300d06092a864886f70d0101010500035000304d024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14"
     "395e83a8cdf2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc0102030100010203"
     "010001"},
    {"RSA of one number", CRYPTO_PUBLIC, false,
     "3057300d06092a864886f70d01010105000346003043024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14"
     "395e83a8cdf2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc01"},
    {"RSA modulus of 4 GiB", CRYPTO_PUBLIC, false,
     "3060300d06092a864886f70d0101010500034f00304c0284ffffffff00c50b30557a9fc4e90e33587da2c7ec11365b80"
     "a5caef14395e83a8cdf2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc01020301"
     "0001"},
    {"DH", CRYPTO_PUBLIC, true,
     "305b305306092a864886f70d0103013046024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14395e83a8cd"
     "f2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc01020102030400020104"},
    {"DH with a length", CRYPTO_PUBLIC, true,
     "305f305706092a864886f70d010301304a024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14395e83a8cd"
     "f2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc01020102020200e10304000201"
     "04"},
    {"DH with two lengths", CRYPTO_PUBLIC, false,
     "3062305a06092a864886f70d010301304d024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14395e83a8cd"
     "f2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc01020102020200e10201010304"
     "00020104"},
    {"DH with a negative prime", CRYPTO_PUBLIC, false,
     "305a305206092a864886f70d01030130450240c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14395e83a8cdf2"
     "173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc01020102030400020104"},
    {"DH with a negative base", CRYPTO_PUBLIC, false,
     "305b305306092a864886f70d0103013046024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14395e83a8cd"
     "f2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc010201fe030400020104"},
    {"DH with a negative value", CRYPTO_PUBLIC, false,
     "305b305306092a864886f70d0103013046024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14395e83a8cd"
     "f2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc01020102030400020184"},
    {"DH with an OCTET STRING", CRYPTO_PUBLIC, false,
     "305b305306092a864886f70d0103013046024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14395e83a8cd"
     "f2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc01020102030400040104"},
    {"DH with a value and more", CRYPTO_PUBLIC, false,
     "305c305306092a864886f70d0103013046024100c50b30557a9fc4e90e33587da2c7ec11365b80a5caef14395e83a8cd"
     "f2173c6186abd0f51a3f6489aed3f81d42678cb1d6fb20456a8fb4d9fe23486d92b7dc0102010203050002010400"},
    {"DH without parameters", CRYPTO_PUBLIC, false, "3013300b06092a864886f70d010301030400020104"},
    {"DH with NULL", CRYPTO_PUBLIC, false, "3015300d06092a864886f70d0103010500030400020104"},
    /* clang-format on */
};

START_TEST(key_forms)
{
    AUTO(key_free) struct crypto_key *key = NULL;
    struct bytes encoded = hex(keys[_i].encoded);
    huks_rc rc = crypto_key_decode(crypto, keys[_i].class, 0, encoded, &key);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    if (keys[_i].fine) {
        ck_assert_msg(rc == HUKS_OK, "%s: %d", keys[_i].name, rc);
        return;
    }
    ck_assert_msg(rc == HUKS_E_INVALID_PARAM ||
                      (rc == HUKS_E_MISSING_PARAM && error_about() == ABOUT_TEMPLATE),
                  "%s: %d", keys[_i].name, rc);
    ck_assert_ptr_null(key);
    /* The host's own errors stay as they are. */
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    unsigned long theirs = ERR_peek_error();
    ck_assert_int_eq(crypto_key_decode(crypto, keys[_i].class, 0, encoded, &key), rc);
    ck_assert_uint_eq(ERR_get_error(), theirs);
    ck_assert_uint_eq(ERR_get_error(), 0);
}
END_TEST

START_TEST(key_bits_changed)
{
    /* DER is the one way to write a thing: what is taken with a bit changed is written with it, too. */
    AUTO(key_free) struct crypto_key *key = NULL;
    AUTO(secret_free) struct secret encoded = {0};
    static const struct crypto_keygen specs[] = {
        {.alg = OH_HUKS_ALG_ED25519},
        {.alg = OH_HUKS_ALG_X25519},
        {.alg = OH_HUKS_ALG_ECC, .size_bits = 256},
        {.alg = OH_HUKS_ALG_RSA, .size_bits = 1024},
    };
    key = generate(&specs[_i]);
    ck_assert_int_eq(crypto_key_encode(key, CRYPTO_PUBLIC, &encoded), HUKS_OK);
    for (size_t bit = 0; bit < 8 * encoded.size; bit++) {
        AUTO(key_free) struct crypto_key *changed = NULL;
        AUTO(secret_free) struct secret again = {0};
        encoded.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (crypto_key_decode(crypto, CRYPTO_PUBLIC, 0, secret_bytes(&encoded), &changed) == HUKS_OK) {
            ck_assert_int_eq(crypto_key_encode(changed, CRYPTO_PUBLIC, &again), HUKS_OK);
            ck_assert_msg(bytes_equal(secret_bytes(&again), secret_bytes(&encoded)), "bit %zu", bit);
        }
        encoded.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

/* P-256 in EC_PARAMS. */
static const struct {
    const char *name;
    bool fine;
    const char *encoded;
} curves[] = {
    /* clang-format off */
    {"explicit", true,
     "3081e0020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffff"
     "ffffffff30440420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a"
     "93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441046b17d1f2e12c4247f8bce6e563a440f277037d"
     "812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5022100"
     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"},
    {"with a seed", true,
     "3081f7020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffff"
     "ffffffff305b0420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a"
     "93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b031500c49d360886e704936a6678e1139d26b7819f7e"
     "900441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a"
     "7c0f9e162bce33576b315ececbb6406837bf51f5022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3"
     "b9cac2fc632551020101"},
    {"without a cofactor", true,
     "3081dd020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffff"
     "ffffffff30440420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a"
     "93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441046b17d1f2e12c4247f8bce6e563a440f277037d"
     "812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5022100"
     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"},
    {"followed by a byte", false,
     "3081e0020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffff"
     "ffffffff30440420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a"
     "93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441046b17d1f2e12c4247f8bce6e563a440f277037d"
     "812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5022100"
     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63255102010100"},
    {"negative order", false,
     "3081df020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffff"
     "ffffffff30440420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a"
     "93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441046b17d1f2e12c4247f8bce6e563a440f277037d"
     "812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f50220ff"
     "ffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"},
    {"negative prime", false,
     "3081df020101302b06072a8648ce3d01010220ffffffff00000001000000000000000000000000ffffffffffffffffff"
     "ffffff30440420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a93"
     "e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441046b17d1f2e12c4247f8bce6e563a440f277037d81"
     "2deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5022100ff"
     "ffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"},
    {"padded prime", false,
     "3081e1020101302d06072a8648ce3d010102220000ffffffff00000001000000000000000000000000ffffffffffffff"
     "ffffffffff30440420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa"
     "3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441046b17d1f2e12c4247f8bce6e563a440f27703"
     "7d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f50221"
     "00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"},
    {"binary field", false,
     "3081c2020101300e06072a8648ce3d0102300302010130440420ffffffff00000001000000000000000000000000ffff"
     "fffffffffffffffffffc04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441046b"
     "17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162b"
     "ce33576b315ececbb6406837bf51f5022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63"
     "2551020101"},
    {"field without a prime", false,
     "3081bd020101300906072a8648ce3d010130440420ffffffff00000001000000000000000000000000ffffffffffffff"
     "fffffffffc04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441046b17d1f2e12c"
     "4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b31"
     "5ececbb6406837bf51f5022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"},
    {"prime as a string", false,
     "3081df020101302b06072a8648ce3d01010420ffffffff00000001000000000000000000000000ffffffffffffffffff"
     "ffffff30440420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a93"
     "e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441046b17d1f2e12c4247f8bce6e563a440f277037d81"
     "2deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5022100ff"
     "ffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"},
    {"field with more", false,
     "3081e3020101302f06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffff"
     "ffffffff02010130440420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635"
     "d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441046b17d1f2e12c4247f8bce6e563a440f2"
     "77037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
     "022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"},
    {"curve without b", false,
     "3081be020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffff"
     "ffffffff30220420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc0441046b17d1f2e1"
     "2c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b"
     "315ececbb6406837bf51f5022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc6325510201"
     "01"},
    {"four numbers more", false,
     "3081e3020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffff"
     "ffffffff30440420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a"
     "93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441046b17d1f2e12c4247f8bce6e563a440f277037d"
     "812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5022100"
     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101020101"},
    {"OID", true, "06082a8648ce3d030107"},
    {"OID and a byte", false, "06082a8648ce3d03010700"},
    {"OID cut", false, "06082a8648ce3d0301"},
    {"OID of long length", false, "0681082a8648ce3d030107"},
    {"constructed OID", false, "26082a8648ce3d030107"},
    {"name", true, "1309736563703235367231"},
    {"name as UTF8String", false, "0c09736563703235367231"},
    {"name of long length", false, "138109736563703235367231"},
    {"name in pieces", false, "330d13047365637013053235367231"},
    {"name with a zero", false, "130a73656370323536723100"},
    {"NULL", false, "0500"},
    {"nothing", false, ""},
    {"huge", false, "0684ffffffff2a8648ce3d030107"},
    /* clang-format on */
};

START_TEST(curve_forms)
{
    uint32_t bits = 0;
    uint32_t alg = crypto_curve_alg(crypto, hex(curves[_i].encoded), &bits);
    ck_assert_msg(alg == (curves[_i].fine ? OH_HUKS_ALG_ECC : 0), "%s: %u", curves[_i].name, alg);
    ck_assert_uint_eq(bits, curves[_i].fine ? 256 : 0);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    ck_assert_int_eq(error_code(), 0);
}
END_TEST

START_TEST(peer_forms)
{
    /* A point in an OCTET STRING: DER, and what only looks like it. */
    static const struct {
        const char *name, *before, *after;
        bool fine;
    } rows[] = {
        {"DER", "0441", "", true},
        {"long form of a short length", "048141", "", false},
        {"length with a leading zero", "04820041", "", false},
        {"followed by a byte", "0441", "00", false},
        {"cut", "0442", "", false},
        {"huge", "0484ffffffff", "", false},
        {"in pieces", "24430441", "", false},
        {"of indefinite length", "24800441", "0000", false},
        {"BIT STRING", "034200", "", false},
        {"INTEGER", "0241", "", false},
    };
    struct crypto_keygen spec = {.alg = OH_HUKS_ALG_ECC, .size_bits = 256};
    AUTO(key_free) struct crypto_key *key = generate(&spec);
    AUTO(secret_free) struct secret point = {0};
    ck_assert_int_eq(crypto_key_part(key, HUKS_TAG_EC_POINT, &point), HUKS_OK);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint8_t peer[128];
        struct bytes before = hex(rows[i].before), after = hex(rows[i].after);
        AUTO(secret_free) struct secret z = {0};
        memcpy(peer, before.data, before.size);
        memcpy(peer + before.size, point.data, point.size);
        memcpy(peer + before.size + point.size, after.data, after.size);
        struct crypto_derive_spec derive = {.method = CRYPTO_ECDH,
                                            .peer = bytes_of(peer, before.size + point.size + after.size)};
        huks_rc rc = crypto_derive(crypto, key, &derive, &z);
        ck_assert_msg(rc == (rows[i].fine ? HUKS_OK : HUKS_E_INVALID_PARAM), "%s: %d", rows[i].name, rc);
        ck_assert(rows[i].fine || error_about() == ABOUT_PUBLIC_POINT);
        ck_assert_uint_eq(ERR_peek_error(), 0);
    }
}
END_TEST

START_TEST(octet_string)
{
    /* Appended, in the shortest form. */
    static const uint8_t zeros[300];
    AUTO(buffer_free) struct buffer der = {0};
    ck_assert_int_eq(crypto_der_octet_string(BYTES_NONE, &der), HUKS_OK);
    ck_assert_int_eq(crypto_der_octet_string(hex("ff"), &der), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(der.data, der.size), hex("0400 0401ff")));
    ck_assert_int_eq(crypto_der_octet_string(BYTES_OF(zeros), &der), HUKS_OK);
    ck_assert_uint_eq(der.size, 5 + 4 + 300);
    ck_assert(bytes_equal(bytes_of(der.data + 5, 4), hex("0482012c")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crypto encodings");
    TCase *tcase = tcase_create("encodings");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, key_forms, 0, (int)ARRAY_SIZE(keys));
    tcase_add_loop_test(tcase, key_bits_changed, 0, 4);
    tcase_add_loop_test(tcase, curve_forms, 0, (int)ARRAY_SIZE(curves));
    tcase_add_test(tcase, peer_forms);
    tcase_add_test(tcase, octet_string);
    suite_add_tcase(suite, tcase);
    return run_cases(suite);
}
