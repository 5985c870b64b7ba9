#!/usr/bin/env bash
# usage: tests/interop/ruby.sh
# Ruby without any gem: Fiddle calls the function list.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs ruby ruby
needs_tools
consumer "Ruby: fiddle" ruby "$(ruby -e 'print RUBY_VERSION')"
make_token interop
make_keys
#: # Ruby
#:
#: Debian has no gem for PKCS #11; Fiddle, in Ruby's standard library, calls C functions, here those of the list
#: that `C_GetFunctionList` gives.
step "cryptoki.rb" <<'SH'
cat >cryptoki.rb <<'RUBY'
require "fiddle"

# Cryptoki's functions by their places in CK_FUNCTION_LIST; all numbers are unsigned long.
class Cryptoki
  NAMES = { Initialize: 0, Finalize: 1, GetSlotList: 4, OpenSession: 12, CloseSession: 13, Login: 18, Logout: 19,
            FindObjectsInit: 26, FindObjects: 27, FindObjectsFinal: 28, SignInit: 42, Sign: 43 }.freeze
  class Error < StandardError; end

  def initialize(path)
    library = Fiddle.dlopen(path)
    get = Fiddle::Function.new(library["C_GetFunctionList"], [Fiddle::TYPE_VOIDP], Fiddle::TYPE_LONG)
    pointer = Fiddle::Pointer.malloc(8, Fiddle::RUBY_FREE)
    raise Error, "no function list" unless get.call(pointer).zero?

    @list = pointer.ptr
  end

  def call(name, *arguments)
    types = arguments.map { |a| a.is_a?(Integer) ? Fiddle::TYPE_LONG : Fiddle::TYPE_VOIDP }
    address = (@list + 8 + 8 * NAMES.fetch(name)).ptr
    rv = Fiddle::Function.new(address, types, Fiddle::TYPE_LONG).call(*arguments)
    raise Error, format("C_%s: 0x%x", name, rv) unless rv.zero?
  end

  def self.number(value = 0) = Fiddle::Pointer[[value].pack("Q")]

  def self.read(pointer) = pointer[0, 8].unpack1("Q")

  # CK_ATTRIBUTE: type, pointer, length.
  def self.template(attributes)
    values = attributes.map { |type, value| [type, Fiddle::Pointer[value], value.bytesize] }
    [Fiddle::Pointer[values.map { |type, value, size| [type, value.to_i, size].pack("Q3") }.join], values]
  end

  def find(session, kind, label)
    template, kept = Cryptoki.template(0 => [kind].pack("Q"), 3 => label)
    call(:FindObjectsInit, session, template, kept.length)
    key = Cryptoki.number
    count = Cryptoki.number
    call(:FindObjects, session, key, 1, count)
    call(:FindObjectsFinal, session)
    raise Error, "no object #{label}" if Cryptoki.read(count).zero?

    Cryptoki.read(key)
  end

  def sign(session, key, mechanism, text)
    call(:SignInit, session, Fiddle::Pointer[[mechanism, 0, 0].pack("Q3")], key)
    size = Cryptoki.number
    call(:Sign, session, Fiddle::Pointer[text], text.bytesize, nil, size)
    out = Fiddle::Pointer.malloc(Cryptoki.read(size), Fiddle::RUBY_FREE)
    call(:Sign, session, Fiddle::Pointer[text], text.bytesize, out, size)
    out[0, Cryptoki.read(size)]
  end

  # The first token's session, logged in.
  def open(pin)
    call(:Initialize, nil)
    count = Cryptoki.number(1)
    slot = Cryptoki.number
    call(:GetSlotList, 1, slot, count)
    session = Cryptoki.number
    call(:OpenSession, Cryptoki.read(slot), 6, nil, nil, session)
    call(:Login, Cryptoki.read(session), 1, Fiddle::Pointer[pin], pin.bytesize)
    Cryptoki.read(session)
  end
end
RUBY
SH
step "a signature" <<'SH'
printf 'Pay 100 to Alice.\n' >letter
ruby -I . -r cryptoki -e '
  token = Cryptoki.new(ENV["MODULE"])
  session = token.open(ENV["PIN"])
  File.binwrite("signature", token.sign(session, token.find(session, 3, "rsa"), 0x40, File.binread("letter")))
  token.call(:Logout, session)
  token.call(:Finalize, nil)'
SH
verify "it signs, openssl verifies" rsa.pem signature letter -sha256
refuse "a wrong PIN" '0xa0' ruby -I . -r cryptoki -e 'Cryptoki.new(ENV["MODULE"]).open("000000")'
refuse "no such key" 'no object nobody' ruby -I . -r cryptoki -e 't = Cryptoki.new(ENV["MODULE"]); t.find(t.open(ENV["PIN"]), 3, "nobody")'
expect "a fork whose child begins anew" '^done$' ruby -I . -r cryptoki -r openssl -e '
  token = Cryptoki.new(ENV["MODULE"])
  session = token.open(ENV["PIN"])
  text = "Pay 100 to Alice.\n"
  public_key = OpenSSL::PKey.read(File.read("rsa.pem"))
  good = lambda { |t, s| public_key.verify("SHA256", t.sign(s, t.find(s, 3, "rsa"), 0x40, text), text) or abort "bad signature" }
  child = fork do
    begin
      token.sign(session, 1, 0x40, text)
      abort "the parent goes on in the child"
    rescue Cryptoki::Error => error
      abort error.message unless error.message.include?("0x190")
    end
    again = token.open(ENV["PIN"])
    10.times { good.call(token, again) }
    exit!(0)
  end
  10.times { good.call(token, session) }
  Process.wait(child)
  abort "the child ended with #{$?}" unless $?.success?
  good.call(token, session)
  puts "done"'
check "an end without C_Finalize" ruby -I . -r cryptoki -e 'Cryptoki.new(ENV["MODULE"]).open(ENV["PIN"])'
