/*
 * Encryption: known answers, parts against one call, buffers too short, and everything that is wrong.
 * The vectors are those of FIPS 197, SP 800-38A/C/D, RFC 3394, 5649, 7539, 3962 and the algorithms' own
 * standards, as OpenSSL's test data give them.
 */
#include "check-crypto.h"

static const struct {
    uint32_t alg, mode;
    const char *key, *iv, *plain, *cipher;
} ciphers[] = {
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_ECB, "000102030405060708090a0b0c0d0e0f", "",
     "00112233445566778899aabbccddeeff",
     "69c4e0d86a7b0430d8cdb78070b4c55a"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CBC, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
     "000102030405060708090a0b0c0d0e0f",
     "6bc1bee22e409f96e93d7e117393172a",
     "f58c4c04d6e5f1ba779eabfb5f7bfbd6"},
    {OH_HUKS_ALG_AES, HUKS_MODE_CFB128, "2b7e151628aed2a6abf7158809cf4f3c",
     "000102030405060708090a0b0c0d0e0f",
     "6bc1bee22e409f96e93d7e117393172a",
     "3b3fd92eb72dad20333449f8e83cfb4a"},
    {OH_HUKS_ALG_AES, HUKS_MODE_OFB, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
     "000102030405060708090a0b0c0d0e0f",
     "6bc1bee22e409f96e93d7e117393172a",
     "cdc80d6fddf18cab34c25909c99a4174"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CTR, "ae6852f8121067cc4bf7a5765577f39e",
     "00000030000000000000000000000001",
     "53696e676c6520626c6f636b206d7367",
     "e4095d4fb7a7b3792d6175a3261311b8"},
    {OH_HUKS_ALG_AES, HUKS_MODE_XTS, "1111111111111111111111111111111122222222222222222222222222222222",
     "33333333330000000000000000000000",
     "4444444444444444444444444444444444444444444444444444444444444444",
     "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0"},
    {OH_HUKS_ALG_AES, HUKS_MODE_CTS, "636869636b656e207465726979616b69", "00000000000000000000000000000000",
     "4920776f756c64206c696b652074686520",
     "97c6353568f2bf8cb4d8a580362da7ff7f"},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_ECB, "0123456789abcdeffedcba9876543210", "",
     "0123456789abcdeffedcba9876543210",
     "681edf34d206965e86b3e94f536e4246"},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_CBC, "0123456789abcdeffedcba9876543210",
     "0123456789abcdeffedcba9876543210",
     "0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210",
     "2677f46b09c122cc975533105bd4a22af6125f7275ce552c3a2bbcf533de8a3b"},
    {OH_HUKS_ALG_SM4, HUKS_MODE_OFB, "0123456789abcdeffedcba9876543210", "0123456789abcdeffedcba9876543210",
     "0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210",
     "693d9a535bad5bb1786f53d7253a7056f2075d28b5235f58d50027e4177d2bce"},
    {OH_HUKS_ALG_SM4, HUKS_MODE_CFB128, "0123456789abcdeffedcba9876543210",
     "0123456789abcdeffedcba9876543210",
     "0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210",
     "693d9a535bad5bb1786f53d7253a70569ed258a85a0467cc92aab393dd978995"},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_CTR, "0123456789abcdeffedcba9876543210",
     "0123456789abcdeffedcba9876543210",
     "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffff"
     "eeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
     "c2b4759e78ac3cf43d0852f4e8d5f9fd7256e8a5fcb65a350ee00630912e44492a0b17e1b85b060d0fba612d8a958316"
     "38b361fd5ffacd942f081485a83ca35d"},
    {OH_HUKS_ALG_3DES, OH_HUKS_MODE_CBC, "0123456789abcdeff1e0d3c2b5a49786fedcba9876543210",
     "fedcba9876543210",
     "37363534333231204e6f77206973207468652074696d6520666f722000000000",
     "3fe301c962ac01d02213763c1cbd4cdc799657c064ecf5d41c673812cfde9675"},
    {OH_HUKS_ALG_3DES, OH_HUKS_MODE_ECB, "0123456789abcdeff1e0d3c2b5a49786fedcba9876543210", "",
     "37363534333231204e6f77206973207468652074696d6520666f722000000000",
     "62c10cc9efbf15aaa5ae2e487b690e56d8b1dfb8f5c5b293855e77dd9024b1b1"},
    {HUKS_ALG_CAMELLIA, OH_HUKS_MODE_ECB, "0123456789abcdeffedcba9876543210", "",
     "0123456789abcdeffedcba9876543210",
     "67673138549669730857065648eabe43"},
    {HUKS_ALG_CAMELLIA, OH_HUKS_MODE_CBC,
     "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
     "000102030405060708090a0b0c0d0e0f",
     "6bc1bee22e409f96e93d7e117393172a",
     "e6cfa35fc02b134a4d2c0b6737ac3eda"},
    {HUKS_ALG_ARIA, OH_HUKS_MODE_ECB, "000102030405060708090a0b0c0d0e0f", "",
     "00112233445566778899aabbccddeeff",
     "d718fbd6ab644c739da95f3be6451778"},
    {HUKS_ALG_ARIA, OH_HUKS_MODE_CTR, "00112233445566778899aabbccddeeff0011223344556677",
     "00000000000000000000000000000000",
     "11111111aaaaaaaa11111111bbbbbbbb11111111cccccccc11111111dddddddd22222222aaaaaaaa22222222bbbbbbbb"
     "22222222cccccccc22222222dddddddd33333333aaaaaaaa33333333bbbbbbbb33333333cccccccc33333333dddddddd"
     "44444444aaaaaaaa44444444bbbbbbbb44444444cccccccc44444444dddddddd55555555aaaaaaaa55555555bbbbbbbb"
     "55555555cccccccc55555555dddddddd",
     "08625ca8fe569c19ba7af3760a6ed1cef4d199263e999dde14082dbba7560b79a4c6b456b8707dce751f9854f18893df"
     "db3f4e5afa539733e6f1e70b98ba37891f8f81e95df8efc26c7ce043504cb18958b865e4e316cd2aa1c97f31bf23dc04"
     "6ef326b95a692a191ba0f2a41c5fe9ae070f236ff7078e703b42666caafbdd20bad74ac4c20c0f46c7ca24c151716575"
     "c947da16c90cfe1bf217a41cfebe7531"},
    {HUKS_ALG_ARIA, OH_HUKS_MODE_CBC, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
     "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
     "11111111aaaaaaaa11111111bbbbbbbb11111111cccccccc11111111dddddddd22222222aaaaaaaa22222222bbbbbbbb"
     "22222222cccccccc22222222dddddddd33333333aaaaaaaa33333333bbbbbbbb33333333cccccccc33333333dddddddd"
     "44444444aaaaaaaa44444444bbbbbbbb44444444cccccccc44444444dddddddd55555555aaaaaaaa55555555bbbbbbbb"
     "55555555cccccccc55555555dddddddd",
     "523a8a806ae621f155fdd28dbc34e1ab7b9b42432ad8b2efb96e23b13f0a6e52f36185d50ad002c5f601bee5493f118b"
     "243ee2e313642bffc3902e7b2efd9a12fa682edd2d23c8b9c5f043c18b17c1ec4b5867918270fbec1027c19ed6af833d"
     "a5d620994668ca22f599791d292dd6273b2959082aafb7a996167cce1eec5f0cfd15f610d87e2dda9ba68ce1260ca54b"
     "222491418374294e7909b1e8551cd8de"},
    {HUKS_ALG_CHACHA20, HUKS_MODE_STREAM,
     "0000000000000000000000000000000000000000000000000000000000000000",
     "00000000000000000000000000000000",
     "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "00000000000000000000000000000000",
     "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a37"
     "6a43b8f41518a11cc387b669b2ee6586"},
    {OH_HUKS_ALG_AES, HUKS_MODE_CFB8, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
     "000102030405060708090a0b0c0d0e0f", "6bc1bee22e409f96e93d7e117393172aae2d",
     "dc1f1a8520a64db55fcc8ac554844e889700"},
    {OH_HUKS_ALG_AES, HUKS_MODE_CFB1, "2b7e151628aed2a6abf7158809cf4f3c",
     "000102030405060708090a0b0c0d0e0f", "6bc1",
     "68b3"},
    {OH_HUKS_ALG_DES, OH_HUKS_MODE_ECB, "0123456789abcdef", "", "0000000000000000", "d5d44ff720683d0d"},
};

static const struct {
    uint32_t alg, mode;
    const char *key, *iv, *aad, *plain, *cipher, *tag;
} aeads[] = {
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "1bde3251d41a8b5ea013c195ae128b218b3e0306376357077ef1c1c78548b92e",
     "5b8e40746f6b98e00f1d13ff41",
     "c17a32514eb6103f3249e076d4c871dc97e04b286699e54491dc18f6d734d4c0",
     "53bd72a97089e312422bf72e242377b3c6ee3e2075389b999c4ef7f28bd2b80a",
     "9a5fcccdb4cf04e7293d2775cc76a488f042382d949b43b7d6bb2b9864786726",
     "2024931d73bca480c24a24ece6b6c2bf"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "00000000000000000000000000000000", "000000000000000000000000",
     "",
     "",
     "", "58e2fccefa7e3061367f1d57a4e7455a"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "00000000000000000000000000000000", "000000000000000000000000",
     "",
     "00000000000000000000000000000000",
     "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
     "b16aedf5aa0de657ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"
     "1ba30b396a0aac973d58e091", "5bc94fbc3221a5db94fae95ae7121a47"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbad",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
     "b16aedf5aa0de657ba637b39",
     "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c742373806900e49f24b22b097544d4896b42"
     "4989b5e1ebac0f07c23f4598", "3612d2e79e3b0785561be14aaca2fccb"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "000000000000000000000000000000000000000000000000",
     "000000000000000000000000",
     "",
     "",
     "", "cd33b28ac773f74ba00ed1f312572435"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "000000000000000000000000000000000000000000000000",
     "000000000000000000000000",
     "",
     "00000000000000000000000000000000",
     "98e7247c07f0fe411c267e4384b0f600", "2ff58d80033927ab8ef4d4587514f0fb"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c",
     "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
     "b16aedf5aa0de657ba637b39",
     "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a3f47"
     "18e2448b2fe324d9ccda2710", "2519498e80f1478f37ba55bd6d27618c"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c",
     "cafebabefacedbad",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
     "b16aedf5aa0de657ba637b39",
     "0f10f599ae14a154ed24b36e25324db8c566632ef2bbb34f8347280fc4507057fddc29df9a471f75c66541d4d4dad1c9"
     "e93a19a58e8b473fa0f062f7", "65dcc57fcf623a24094fcca40d3533f8"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000",
     "",
     "",
     "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000",
     "",
     "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
     "b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
     "c5f61e6393ba7a0abcc9f662", "76fc6ece0f4e1768cddf8853bb2d551b"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbad",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
     "b16aedf5aa0de657ba637b39",
     "c3762df1ca787d32ae47c13bf19844cbaf1ae14d0b976afac52ff7d79bba9de0feb582d33934a4f0954cc2363bc73f78"
     "62ac430e64abe499f47c9b1f", "3a337dbf46a792c45e454913fe2ea8f2"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "1672c3537afa82004c6b8a46f6f0d026", "05",
     "",
     "",
     "", "8e2ad721f9455f74d8b53d3141f27e8e"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "6471e11b5a559f84d196160c64ced95a", "1a",
     "147c70bd944ae51289717bdbdac86511fa3a43a2",
     "",
     "", "b7b80d314024261bafd7d218"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "d49dfb35287db0b4bce518412c4e84229a9bf8461e11e8a9", "0b",
     "",
     "",
     "", "b1ecd3e6f27346c47e7fff898a418a0f"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "842c899c5d7c3598676081e9e25fdd030d3e4490a3268fd0", "9e",
     "ed1162a2d95e0c248ebf9197cb03ad2d",
     "",
     "", "c81a9ff65112b75911b22523926bf39f"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "a70f2f3c96b952b2d177fce5d5edac7c939259ebd3ff7354df3d86100f0be5ac",
     "69",
     "",
     "",
     "", "2d484f834a313bf3f9a25f0a7604a869"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "c639f716597a86afd12319199e21a62b1fc0277a70e3ca120bd3ff745be88604",
     "29",
     "20fda1db6911d160121dc3c48e5f19b2",
     "",
     "", "221a3398f20d0d9fe913f33a6cd413d3"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, "9473c28f6e978eb15e1967b888282aa6b078d320034fe5f40f8bb68674f1ecda",
     "0a",
     "",
     "2d2e2798c10bcfcce742e92d3c390fef",
     "c4e5ab2c6a4316e57c6c37d2c2acb42c", "03337df7e1e68d77706abef9edaf5e07"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "4ae701103c63deca5b5a3939d7d05992", "5a8aa485c316e9",
     "",
     "",
     "", "02209f55"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "19ebfde2d5468ba0a3031bde629b11fd", "5a8aa485c316e9",
     "",
     "3796cf51b8726652a4204733b8fbb047cf00fb91a9837e22",
     "a90e8ea44085ced791b2fdb7fd44b5cf0bd7d27718029bb7", "03e1fa6b"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "90929a4b0ac65b350ad1591611fe4829", "5a8aa485c316e9",
     "3796cf51b8726652a4204733b8fbb047cf00fb91a9837e22ec22b1a268f88e2c",
     "",
     "", "782e4318"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "f9fdca4ac64fe7f014de0f43039c7571", "5a8aa485c316e9",
     "3796cf51b8726652a4204733b8fbb047cf00fb91a9837e22ec22b1a268f88e2c",
     "a265480ca88d5f536db0dc6abc40faf0d05be7a966977768",
     "6be31860ca271ef448de8f8d8b39346daf4b81d7e92d65b3", "38f125fa"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "c98ad7f38b2c7e970c9b965ec87a08208384718f78206c6c",
     "5a8aa485c316e9",
     "",
     "",
     "", "9d4b7f3b"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "19ebfde2d5468ba0a3031bde629b11fd4094afcb205393fa",
     "5a8aa485c316e9",
     "",
     "3796cf51b8726652a4204733b8fbb047cf00fb91a9837e22",
     "411986d04d6463100bff03f7d0bde7ea2c3488784378138c", "ddc93a54"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "90929a4b0ac65b350ad1591611fe48297e03956f6083e451",
     "5a8aa485c316e9",
     "3796cf51b8726652a4204733b8fbb047cf00fb91a9837e22ec22b1a268f88e2c",
     "",
     "", "1d089a5f"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "f9fdca4ac64fe7f014de0f43039c757194d544ce5d15eed4",
     "5a8aa485c316e9",
     "3796cf51b8726652a4204733b8fbb047cf00fb91a9837e22ec22b1a268f88e2c",
     "a265480ca88d5f536db0dc6abc40faf0d05be7a966977768",
     "9f6ca4af9b159148c889a6584d1183ea26e2614874b05045", "75dea8d1"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "eda32f751456e33195f1f499cf2dc7c97ea127b6d488f211ccc5126fbb24afa6",
     "a544218dadd3c1",
     "",
     "",
     "", "469c90bb"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "af063639e66c284083c5cf72b70d8bc277f5978e80d9322d99f2fdc718cda569",
     "a544218dadd3c1",
     "",
     "d3d5424e20fbec43ae495353ed830271515ab104f8860c98",
     "64a1341679972dc5869fcf69b19d5c5ea50aa0b5e985f5b7", "22aa8d59"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "1b0e8df63c57f05d9ac457575ea764524b8610ae5164e6215f426f5a7ae6ede4",
     "a544218dadd3c1",
     "d3d5424e20fbec43ae495353ed830271515ab104f8860c988d15b6d36c038eab",
     "",
     "", "92d00fbe"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "005e8f4d8e0cbf4e1ceeb5d87a275848", "0ec3ac452b547b9062aac8fa",
     "2f1821aa57e5278ffd33c17d46615b77363149dbc98470413f6543a6b749f2ca",
     "b6f345204526439daf84998f380dcfb4b4167c959c04ff65",
     "9575e16f35da3c88a19c26a7b762044f4d7bbbafeff05d75", "4829e2a7752fa3a14890972884b511d8"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "d49b255aed8be1c02eb6d8ae2bac6dcd7901f1f61df3bbf5",
     "1af29e721c98e81fb6286370",
     "64f8a0eee5487a4958a489ed35f1327e2096542c1bdb2134fb942ca91804c274",
     "062eafb0cd09d26e65108c0f56fcc7a305f31c34e0f3a24c",
     "721344e2fd05d2ee50713531052d75e4071103ab0436f65f", "0af2a663da51bac626c9f4128ba5ec0b"},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, "d6ff67379a2ead2ca87aa4f29536258f9fb9fc2e91b0ed18e7b9f5df332dd1dc",
     "2f1d0717a822e20c7cd28f0a",
     "d50741d34c8564d92f396b97be782923ff3c855ea9757bde419f632c83997630",
     "98626ffc6c44f13c964e7fcb7d16e988990d6d063d012d33",
     "50e22db70ac2bab6d6af7059c90d00fbf0fb52eee5eb650e", "08aca7dec636170f481dcb9fefb85c05"},
};

static const struct {
    uint32_t mode;
    const char *key, *plain, *wrapped;
} wraps[] = {
    {HUKS_MODE_KW, "000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff",
     "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"},
    {HUKS_MODE_KW, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f",
     "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"},
    {HUKS_MODE_KWP, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8",
     "c37b7e6492584340bed12207808941155068f738",
     "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"},
    {HUKS_MODE_KWP, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8", "466f7250617369",
     "afbeb0f07dfbf5419200f2ccb50bb24f"},
};

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static huks_rc once(struct crypto_op *op, struct crypto_key *key, const struct crypto_spec *spec,
                    struct bytes in, uint8_t *out, size_t *size)
{
    HUKS_TRY(crypto_op_begin(op, key, spec));
    return crypto_op_once(op, in, out, size);
}

/* Through update and finish, in pieces of `piece` bytes, each into a buffer of exactly the size told. */
static huks_rc pieces(struct crypto_op *op, struct crypto_key *key, const struct crypto_spec *spec,
                      struct bytes in, size_t piece, uint8_t *out, size_t *size)
{
    size_t made = 0;
    HUKS_TRY(crypto_op_begin(op, key, spec));
    for (size_t done = 0; done < in.size; done += piece) {
        struct bytes part = bytes_of(in.data + done, in.size - done < piece ? in.size - done : piece);
        size_t needed = crypto_op_size(op, CRYPTO_UPDATE, part.size), room = needed;
        if (needed != 0) {
            /* One byte less, and nothing may happen. */
            size_t less = needed - 1;
            ck_assert_int_eq(crypto_op_update(op, part, out + made, &less), HUKS_E_MEMORY);
            ck_assert_int_eq(error_about(), ABOUT_BUFFER);
            ck_assert_uint_eq(less, needed);
        }
        HUKS_TRY(crypto_op_update(op, part, out + made, &room));
        ck_assert_uint_eq(room, needed);
        made += room;
    }
    size_t needed = crypto_op_size(op, CRYPTO_FINISH, 0), room = 0;
    if (needed != 0) {
        ck_assert_int_eq(crypto_op_finish(op, NULL, &room), HUKS_E_MEMORY);
        ck_assert_uint_eq(room, needed);
    }
    room = needed;
    HUKS_TRY(crypto_op_finish(op, out + made, &room));
    ck_assert_uint_le(room, needed);
    *size = made + room;
    return HUKS_OK;
}

/* Every way to give the input gives the same; `expected` NULL only compares the ways with each other. */
static void all_ways(struct crypto_op *op, struct crypto_key *key, const struct crypto_spec *spec,
                     struct bytes in, struct bytes expected)
{
    static const size_t steps[] = {1, 3, 7, 16, 17, 64, 1000};
    uint8_t out[8192];
    size_t size = sizeof(out), first;
    ck_assert_int_eq(once(op, key, spec, in, out, &size), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(out, size), expected));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        memset(out, 0xEE, sizeof(out));
        ck_assert_int_eq(pieces(op, key, spec, in, steps[i], out, &size), HUKS_OK);
        ck_assert(bytes_equal(bytes_of(out, size), expected));
    }
    /* Told the size first, too short a buffer, then the right one. */
    ck_assert_int_eq(crypto_op_begin(op, key, spec), HUKS_OK);
    first = crypto_op_size(op, CRYPTO_ONCE, in.size);
    ck_assert_uint_ge(first, expected.size);
    size = 0;
    if (expected.size != 0) {
        ck_assert_int_eq(crypto_op_once(op, in, NULL, &size), HUKS_E_MEMORY);
        size = expected.size - 1;
        ck_assert_int_eq(crypto_op_once(op, in, out, &size), HUKS_E_MEMORY);
        ck_assert_int_eq(error_about(), ABOUT_BUFFER);
        ck_assert_uint_ge(size, expected.size);
    }
    size = expected.size;
    ck_assert_int_eq(crypto_op_once(op, in, out, &size), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(out, size), expected));
    /* In place. */
    ck_assert(in.size <= sizeof(out));
    if (in.size != 0) {
        memcpy(out, in.data, in.size);
        size = sizeof(out);
        ck_assert_int_eq(once(op, key, spec, bytes_of(out, in.size), out, &size), HUKS_OK);
        ck_assert(bytes_equal(bytes_of(out, size), expected));
    }
}

START_TEST(cipher_answers)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *key = secret_key(ciphers[_i].alg, hex(ciphers[_i].key));
    struct crypto_spec spec = {.method = CRYPTO_CIPHER, .mode = ciphers[_i].mode, .iv = hex(ciphers[_i].iv)};
    struct bytes plain = hex(ciphers[_i].plain), cipher = hex(ciphers[_i].cipher);
    if (!crypto_has_cipher(crypto, ciphers[_i].alg, ciphers[_i].mode)) {
        return;
    }
    /* Twice, so that the kept context is used too. */
    for (int round = 0; round < 2; round++) {
        spec.direction = CRYPTO_ENCRYPT;
        all_ways(op, key, &spec, plain, cipher);
        spec.direction = CRYPTO_DECRYPT;
        all_ways(op, key, &spec, cipher, plain);
    }
}
END_TEST

START_TEST(aead_answers)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *key = secret_key(aeads[_i].alg, hex(aeads[_i].key));
    struct bytes plain = hex(aeads[_i].plain), cipher = hex(aeads[_i].cipher), tag = hex(aeads[_i].tag);
    uint8_t whole[1024], out[1024];
    struct crypto_spec spec = {.method = CRYPTO_AEAD,
                               .mode = aeads[_i].mode,
                               .iv = hex(aeads[_i].iv),
                               .aad = hex(aeads[_i].aad),
                               .data_size = _i % 2 ? plain.size : CRYPTO_SIZE_UNKNOWN,
                               .tag_size = tag.size};
    memcpy(whole, cipher.data, cipher.size);
    memcpy(whole + cipher.size, tag.data, tag.size);
    struct bytes sealed = bytes_of(whole, cipher.size + tag.size);
    for (int round = 0; round < 2; round++) {
        spec.direction = CRYPTO_ENCRYPT;
        spec.tag = BYTES_NONE;
        all_ways(op, key, &spec, plain, sealed);
        spec.direction = CRYPTO_DECRYPT;
        all_ways(op, key, &spec, sealed, plain);
        spec.tag = tag;
        all_ways(op, key, &spec, cipher, plain);
    }
    /* Any bit of tag, ciphertext, AAD or nonce changed: refused, and nothing shown. */
    spec.tag = BYTES_NONE;
    for (size_t i = 0; i < sealed.size; i++) {
        size_t size = sizeof(out);
        memset(out, 0xEE, sizeof(out));
        whole[i] ^= 0x10;
        ck_assert_int_eq(once(op, key, &spec, sealed, out, &size), HUKS_E_CRYPTO);
        ck_assert_int_eq(error_about(), ABOUT_CIPHERTEXT);
        whole[i] ^= 0x10;
        for (size_t j = 0; j < sizeof(out); j++) {
            ck_assert(out[j] == 0 || out[j] == 0xEE);
        }
    }
    uint8_t other[256] = {0};
    size_t size = sizeof(out);
    memcpy(other, spec.iv.data, spec.iv.size);
    other[0] ^= 1;
    spec.iv.data = other;
    ck_assert_int_eq(once(op, key, &spec, sealed, out, &size), HUKS_E_CRYPTO);
    spec.iv = hex(aeads[_i].iv);
    spec.aad = text("another");
    size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, sealed, out, &size), HUKS_E_CRYPTO);
    size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, bytes_of(whole, tag.size - 1), out, &size), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_CIPHERTEXT_LEN);
}
END_TEST

START_TEST(aead_streams)
{
    /*
     * With the tag given, plaintext comes out as it goes, and the end tells; without, nothing comes before.
     */
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *key = secret_key(OH_HUKS_ALG_AES, hex(aeads[0].key));
    uint8_t zeros[64] = {0}, sealed[80], out[64];
    size_t size = sizeof(sealed);
    struct crypto_spec spec = {.method = CRYPTO_AEAD, .mode = OH_HUKS_MODE_GCM, .direction = CRYPTO_ENCRYPT,
                               .iv = hex("000000000000000000000000")};
    ck_assert_int_eq(once(op, key, &spec, BYTES_OF(zeros), sealed, &size), HUKS_OK);
    spec.direction = CRYPTO_DECRYPT;
    spec.tag = bytes_of(sealed + 64, 16);
    ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_OK);
    size = sizeof(out);
    ck_assert_int_eq(crypto_op_update(op, bytes_of(sealed, 64), out, &size), HUKS_OK);
    ck_assert_uint_eq(size, 64);
    ck_assert_int_eq(memcmp(out, zeros, 64), 0);
    size = 0;
    ck_assert_int_eq(crypto_op_finish(op, NULL, &size), HUKS_OK);
    spec.tag = BYTES_NONE;
    ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_OK);
    size = sizeof(out);
    ck_assert_int_eq(crypto_op_update(op, BYTES_OF(sealed), out, &size), HUKS_OK);
    ck_assert_uint_eq(size, 0);
    ck_assert_uint_eq(crypto_op_size(op, CRYPTO_FINISH, 0), 64);
}
END_TEST

START_TEST(key_wrap)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *key = secret_key(OH_HUKS_ALG_AES, hex(wraps[_i].key));
    struct crypto_spec spec = {
        .method = CRYPTO_KEY_WRAP, .mode = wraps[_i].mode, .direction = CRYPTO_ENCRYPT};
    struct bytes plain = hex(wraps[_i].plain), wrapped = hex(wraps[_i].wrapped);
    uint8_t out[128], changed[128];
    size_t size = sizeof(out);
    for (int round = 0; round < 2; round++) {
        spec.direction = CRYPTO_ENCRYPT;
        all_ways(op, key, &spec, plain, wrapped);
        spec.direction = CRYPTO_DECRYPT;
        all_ways(op, key, &spec, wrapped, plain);
    }
    for (size_t i = 0; i < wrapped.size; i++) {
        memcpy(changed, wrapped.data, wrapped.size);
        changed[i] ^= 0x80;
        size = sizeof(out);
        ck_assert_int_eq(once(op, key, &spec, bytes_of(changed, wrapped.size), out, &size), HUKS_E_CRYPTO);
        ck_assert_int_eq(error_about(), ABOUT_CIPHERTEXT);
    }
    size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, bytes_of(wrapped.data, wrapped.size - 1), out, &size),
                     HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_CIPHERTEXT_LEN);
    spec.direction = CRYPTO_ENCRYPT;
    size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, BYTES_NONE, out, &size), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_DATA_LEN);
}
END_TEST

START_TEST(padding)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free)
    struct crypto_key *key = secret_key(OH_HUKS_ALG_AES, hex("000102030405060708090a0b0c0d0e0f"));
    struct crypto_spec spec = {.method = CRYPTO_CIPHER,
                               .mode = OH_HUKS_MODE_CBC,
                               .padding = OH_HUKS_PADDING_PKCS7,
                               .iv = hex("000102030405060708090a0b0c0d0e0f")};
    uint8_t plain[64], cipher[96], out[96];
    memset(plain, 'x', sizeof(plain));
    for (size_t n = 0; n <= sizeof(plain); n++) {
        size_t size = sizeof(cipher);
        spec.direction = CRYPTO_ENCRYPT;
        ck_assert_int_eq(once(op, key, &spec, bytes_of(plain, n), cipher, &size), HUKS_OK);
        ck_assert_uint_eq(size, n / 16 * 16 + 16);
        all_ways(op, key, &spec, bytes_of(plain, n), bytes_of(cipher, size));
        spec.direction = CRYPTO_DECRYPT;
        all_ways(op, key, &spec, bytes_of(cipher, size), bytes_of(plain, n));
    }
    /* No block at all, half a block, a block whose padding is wrong. */
    size_t size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, BYTES_NONE, out, &size), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_CIPHERTEXT_LEN);
    size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, bytes_of(cipher, 20), out, &size), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_CIPHERTEXT_LEN);
    spec.direction = CRYPTO_ENCRYPT;
    spec.padding = OH_HUKS_PADDING_NONE;
    size = sizeof(cipher);
    ck_assert_int_eq(once(op, key, &spec, bytes_of(plain, 32), cipher, &size), HUKS_OK);
    spec.padding = OH_HUKS_PADDING_PKCS7;
    spec.direction = CRYPTO_DECRYPT;
    size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, bytes_of(cipher, 32), out, &size), HUKS_E_CRYPTO);
    ck_assert_int_eq(error_about(), ABOUT_CIPHERTEXT);
    /* Without padding, only whole blocks. */
    spec.padding = OH_HUKS_PADDING_NONE;
    spec.direction = CRYPTO_ENCRYPT;
    size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, bytes_of(plain, 17), out, &size), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_DATA_LEN);
}
END_TEST

START_TEST(kept_context)
{
    /* The same op with other keys, directions, modes and nonces in between gives what a new one gives. */
    AUTO(op_free) struct crypto_op *kept = new_op();
    for (int round = 0; round < 400; round++) {
        int i = (round * 7 + round / 9) % COUNT(ciphers);
        if (!crypto_has_cipher(crypto, ciphers[i].alg, ciphers[i].mode)) {
            continue;
        }
        AUTO(key_free) struct crypto_key *key = secret_key(ciphers[i].alg, hex(ciphers[i].key));
        struct crypto_spec spec = {.method = CRYPTO_CIPHER, .mode = ciphers[i].mode, .iv = hex(ciphers[i].iv),
                                   .direction = round % 2 ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT};
        struct bytes in = hex(round % 2 ? ciphers[i].plain : ciphers[i].cipher);
        struct bytes expected = hex(round % 2 ? ciphers[i].cipher : ciphers[i].plain);
        uint8_t out[512];
        size_t size = sizeof(out);
        if (round % 5 == 0) {
            /* Begun, fed and left. */
            ck_assert_int_eq(crypto_op_begin(kept, key, &spec), HUKS_OK);
            ck_assert_int_eq(crypto_op_update(kept, bytes_of("abc", 3), out, &size), HUKS_OK);
            size = sizeof(out);
        }
        ck_assert_int_eq(once(kept, key, &spec, in, out, &size), HUKS_OK);
        ck_assert(bytes_equal(bytes_of(out, size), expected));
        if (round % 11 == 0) {
            crypto_op_forget(kept);
        }
    }
}
END_TEST

START_TEST(counter)
{
    /* Four bits of counter are sixteen blocks; what would be the seventeenth is refused. */
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free)
    struct crypto_key *key = secret_key(OH_HUKS_ALG_AES, hex("000102030405060708090a0b0c0d0e0f"));
    uint8_t data[300] = {0}, out[300];
    struct crypto_spec spec = {.method = CRYPTO_CIPHER, .mode = OH_HUKS_MODE_CTR, .direction = CRYPTO_ENCRYPT,
                               .counter_bits = 4, .iv = hex("00000000000000000000000000000000")};
    size_t size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, bytes_of(data, 256), out, &size), HUKS_OK);
    size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, bytes_of(data, 257), out, &size), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_DATA_LEN);
    spec.iv = hex("0000000000000000000000000000000f");
    size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, bytes_of(data, 17), out, &size), HUKS_E_INVALID_PARAM);
    spec.counter_bits = 128;
    size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, bytes_of(data, 300), out, &size), HUKS_OK);
}
END_TEST

START_TEST(wrong_specs)
{
    static const struct {
        struct crypto_spec spec;
        uint32_t alg;
        size_t key_size;
        int32_t code;
        enum error_about about;
    } rows[] = {
        {{.method = CRYPTO_CIPHER, .mode = OH_HUKS_MODE_CBC},
         OH_HUKS_ALG_AES,
         16,
         HUKS_E_MISSING_PARAM,
         ABOUT_MECHANISM_PARAM},
        {{.method = CRYPTO_CIPHER, .mode = OH_HUKS_MODE_CBC, .iv = {(const uint8_t *)"123", 3}},
         OH_HUKS_ALG_AES,
         16,
         HUKS_E_INVALID_PARAM,
         ABOUT_MECHANISM_PARAM},
        {{.method = CRYPTO_CIPHER, .mode = 77}, OH_HUKS_ALG_AES, 16, HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM},
        {{.method = CRYPTO_CIPHER, .mode = OH_HUKS_MODE_GCM, .iv = {(const uint8_t *)"123456789012", 12}},
         OH_HUKS_ALG_AES,
         16,
         HUKS_E_NOT_SUPPORTED,
         ABOUT_MECHANISM},
        {{.method = CRYPTO_CIPHER, .mode = OH_HUKS_MODE_CTR, .padding = OH_HUKS_PADDING_PKCS7},
         OH_HUKS_ALG_AES,
         16,
         HUKS_E_NOT_SUPPORTED,
         ABOUT_MECHANISM},
        {{.method = CRYPTO_CIPHER, .mode = OH_HUKS_MODE_ECB, .padding = OH_HUKS_PADDING_OAEP},
         OH_HUKS_ALG_AES,
         16,
         HUKS_E_NOT_SUPPORTED,
         ABOUT_MECHANISM},
        {{.method = CRYPTO_POLY1305, .direction = CRYPTO_SIGN},
         HUKS_ALG_GENERIC,
         16,
         HUKS_E_INVALID_PARAM,
         ABOUT_KEY_SIZE},
        {{.method = CRYPTO_CIPHER, .mode = OH_HUKS_MODE_ECB},
         OH_HUKS_ALG_HMAC,
         16,
         HUKS_E_INVALID_PARAM,
         ABOUT_KEY_TYPE},
        {{.method = CRYPTO_CIPHER, .direction = CRYPTO_SIGN, .mode = OH_HUKS_MODE_ECB},
         OH_HUKS_ALG_AES,
         16,
         HUKS_E_INVALID_PARAM,
         ABOUT_PURPOSE},
        {{.method = CRYPTO_AEAD, .mode = OH_HUKS_MODE_GCM},
         OH_HUKS_ALG_AES,
         16,
         HUKS_E_MISSING_PARAM,
         ABOUT_MECHANISM_PARAM},
        {{.method = CRYPTO_AEAD, .mode = OH_HUKS_MODE_CBC, .iv = {(const uint8_t *)"1234567890123456", 16}},
         OH_HUKS_ALG_AES,
         16,
         HUKS_E_NOT_SUPPORTED,
         ABOUT_MECHANISM},
        {{.method = CRYPTO_AEAD,
          .mode = OH_HUKS_MODE_GCM,
          .tag_size = 5,
          .iv = {(const uint8_t *)"123456789012", 12}},
         OH_HUKS_ALG_AES,
         16,
         HUKS_E_INVALID_PARAM,
         ABOUT_MECHANISM_PARAM},
        {{.method = CRYPTO_AEAD, .mode = OH_HUKS_MODE_CCM, .iv = {(const uint8_t *)"123456", 6}},
         OH_HUKS_ALG_AES,
         16,
         HUKS_E_INVALID_PARAM,
         ABOUT_MECHANISM_PARAM},
        {{.method = CRYPTO_AEAD, .iv = {(const uint8_t *)"1234567", 7}},
         HUKS_ALG_CHACHA20,
         32,
         HUKS_E_INVALID_PARAM,
         ABOUT_MECHANISM_PARAM},
        {{.method = CRYPTO_KEY_WRAP, .mode = HUKS_MODE_KW, .iv = {(const uint8_t *)"123", 3}},
         OH_HUKS_ALG_AES,
         16,
         HUKS_E_INVALID_PARAM,
         ABOUT_MECHANISM_PARAM},
        {{.method = CRYPTO_KEY_WRAP, .mode = OH_HUKS_MODE_ECB},
         OH_HUKS_ALG_AES,
         16,
         HUKS_E_NOT_SUPPORTED,
         ABOUT_MECHANISM},
        {{.method = CRYPTO_NONE}, OH_HUKS_ALG_AES, 16, HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM},
        {{.method = 9999}, OH_HUKS_ALG_AES, 16, HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM},
        {{.method = CRYPTO_CBC_MAC}, OH_HUKS_ALG_AES, 16, HUKS_E_INVALID_PARAM, ABOUT_PURPOSE},
    };
    AUTO(op_free) struct crypto_op *op = new_op();
    uint8_t bytes[64] = {7}, out[64];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO(key_free) struct crypto_key *key = secret_key(rows[i].alg, bytes_of(bytes, rows[i].key_size));
        huks_rc rc = crypto_op_begin(op, key, &rows[i].spec);
        ck_assert_msg(rc == rows[i].code && error_about() == rows[i].about, "row %zu: %d about %d", i, rc,
                      error_about());
        /* Nothing has begun. */
        size_t size = sizeof(out);
        ck_assert_int_eq(crypto_op_once(op, bytes_of(bytes, 16), out, &size), HUKS_E_ARGUMENT);
        ck_assert_uint_eq(crypto_op_size(op, CRYPTO_ONCE, 16), 0);
    }
    /* No key where one is needed, a key where none is. */
    AUTO(key_free) struct crypto_key *key = secret_key(OH_HUKS_ALG_AES, bytes_of(bytes, 16));
    struct crypto_spec spec = {.method = CRYPTO_CIPHER, .mode = OH_HUKS_MODE_ECB};
    ck_assert_int_eq(crypto_op_begin(op, NULL, &spec), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_KEY_TYPE);
    spec = (struct crypto_spec){
        .method = CRYPTO_DIGEST, .direction = CRYPTO_HASH, .digest = OH_HUKS_DIGEST_SHA256};
    ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_E_INVALID_PARAM);
}
END_TEST

START_TEST(ccm_length)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free)
    struct crypto_key *key = secret_key(OH_HUKS_ALG_AES, hex("000102030405060708090a0b0c0d0e0f"));
    uint8_t out[256];
    size_t size = sizeof(out);
    struct crypto_spec spec = {.method = CRYPTO_AEAD, .mode = OH_HUKS_MODE_CCM, .direction = CRYPTO_ENCRYPT,
                               .data_size = 10, .iv = text("1234567"), .tag_size = 8};
    ck_assert_int_eq(once(op, key, &spec, text("0123456789"), out, &size), HUKS_OK);
    ck_assert_uint_eq(size, 18);
    size = sizeof(out);
    ck_assert_int_eq(once(op, key, &spec, text("012345678"), out, &size), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_DATA_LEN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crypto ciphers");
    TCase *tcase = tcase_create("ciphers");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, cipher_answers, 0, COUNT(ciphers));
    tcase_add_loop_test(tcase, aead_answers, 0, COUNT(aeads));
    tcase_add_test(tcase, aead_streams);
    tcase_add_loop_test(tcase, key_wrap, 0, COUNT(wraps));
    tcase_add_test(tcase, padding);
    tcase_add_test(tcase, kept_context);
    tcase_add_test(tcase, counter);
    tcase_add_test(tcase, wrong_specs);
    tcase_add_test(tcase, ccm_length);
    suite_add_tcase(suite, tcase);
    return run_cases(suite);
}
