"""Words no account may take as its name under a service domain (7.4), by the harm each would do there.

Knows nothing of where they apply; `handle` asks.
"""

from __future__ import annotations

# Words of the protocol: a name that reads as a part of it would be believed.
_PROTOCOL = """
at atp atproto atprotocol plc pds did didplc didweb repo repos tid nsid xrpc lex lexicon lexicons bsky bluesky
blueskyweb handle handles car cid mst rkey firehose relay appview labeler labelers feedgen jetstream ozone skeet
skeets roost
"""

# Host names machines look for: a certificate, a mail setup or a browser can be fooled by whoever holds one (RFC 2142,
# RFC 6186, RFC 6764, WPAD and autodiscover).
_MACHINE_NAMES = """
www www1 www2 www3 web ftp sftp ssh smtp imap pop pop3 mail mail1 mail2 webmail email mx mx1 mx2 ns ns1 ns2 ns3 ns4
dns ntp ldap irc xmpp sip vpn proxy gateway router firewall localhost localdomain broadcasthost wpad isatap autoconfig
autodiscover caldav carddav dav webdav mta mta-sts acme well-known tls ssl cert certs pki ocsp crl
"""

# Addresses a domain's owner answers at; certificate authorities still accept some of them as proof of ownership.
_ROLE_ADDRESSES = """
abuse admin administrator administration hostmaster postmaster webmaster root sysadmin sysop security security-txt noc
noreply no-reply donotreply mailer-daemon mailerdaemon daemon nobody usenet news uucp info contact support help
helpdesk sales marketing billing legal privacy compliance dmca copyright trademark press media jobs careers hr
feedback
"""

# Who speaks for the service: names that would give a stranger its voice.
_STAFF = """
staff team official owner founder ceo moderator moderators moderation mod mods operator trust safety trust-safety
trustandsafety verify verified verification announcements announcement notice notices updates status system service
services server customer customerservice
"""

# First parts of paths and hosts of sites like this one, so that a name can never shadow a page.
_PAGES = """
about account accounts activate api app apps archive assets auth oauth oauth2 authorize avatar avatars banner blob
blobs blog bookmarks cache callback cdn chat checkout client clients community config confirm connect console cookie
cookies create dashboard data delete demo dev devs developer developers device devices docs document documentation
donate download downloads edit embed error errors event events explore export faq favicon feed feeds file files follow
followers following forgot forgotpassword forum forums game games graph group groups guest guide health healthz home
hooks host hosting hosts image images img import inbox index invite invites item items job json keys label labels lang
language list lists live log login logout logs manage map maps me message messages messenger metrics migrate migration
mobile mutual mutuals my myaccount new notification notifications null none oembed offer onboarding pages password
passwords pay payment payments photo photos plans policy policies popular post posts premium preferences pricing
product products profile profiles project projects public purchase query random recover recovery redirect refer
register registration remove report reports reset resetpassword robots rss rules save search secure session sessions
settings setup share shop signin signout signup site sitemap sites source sql stage staging start static stats store
storage stream streams subscribe subscription subscriptions suggest survey tag tags takedown task tasks terms test
tester testing tests theme themes thread threads timeline token tokens tool tools top topic topics tos trending
tutorial undefined unsubscribe update upgrade upload uploads url user username users video videos view views wallet
webhook webhooks welcome widget widgets wiki xml you your yourname
"""

# Names whose first comer would be taken for the one everybody knows.
_FAMOUS = """
adobe airbnb alibaba alphabet amazon amd android anthropic apache apnews apple bbc binance bing bloomberg chatgpt
cisco claude cloudflare cnn coca-cola cocacola coinbase debian deepmind discord disney dropbox ebay elonmusk espn
ethereum europa facebook fbi fedex fifa firefox forbes foxnews gemini github gitlab gmail google guardian ibm icann
ikea instagram intel interpol iphone kremlin linkedin linux mastercard mastodon mcdonalds meta microsoft mozilla msnbc
nasa nato netflix nike nintendo nsa nvidia nytimes obama olympics openai oracle outlook paypal pepsi pinterest
playstation pope potus python reddit reuters robinhood roblox samsung signal skype snapchat sony spacex spotify
starbucks steam stripe substack telegram tesla threads tiktok toyota trump tumblr twitch twitter uber ubuntu un unesco
unicef vatican verizon visa vodafone walmart washingtonpost wechat whatsapp whitehouse who wikipedia windows wordpress
xbox yahoo youtube zoom
"""

RESERVED_WORDS = frozenset(
    word for group in (_PROTOCOL, _MACHINE_NAMES, _ROLE_ADDRESSES, _STAFF, _PAGES, _FAMOUS) for word in group.split()
)
