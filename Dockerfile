# docker build -t xmppchat . && docker run -p 5222:5222 -p 5223:5223 -p 5443:5443 -v xmppchat:/data xmppchat
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /src
# Restored on their own, so that a change of sources alone downloads nothing.
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY Xmpp.Core/*.csproj Xmpp.Core/
COPY Xmpp.Modules/*.csproj Xmpp.Modules/
COPY Xmpp.Storage/*.csproj Xmpp.Storage/
COPY Xmpp.Server/*.csproj Xmpp.Server/
COPY Xmpp.Ctl/*.csproj Xmpp.Ctl/
RUN dotnet restore Xmpp.Ctl
COPY .editorconfig ./
COPY Xmpp.Core Xmpp.Core
COPY Xmpp.Modules Xmpp.Modules
COPY Xmpp.Storage Xmpp.Storage
COPY Xmpp.Server Xmpp.Server
COPY Xmpp.Ctl Xmpp.Ctl
RUN dotnet publish Xmpp.Ctl -c Release -o /app --no-restore \
 && dotnet publish Xmpp.Server -c Release -o /app --no-restore

FROM mcr.microsoft.com/dotnet/aspnet:10.0
RUN apt-get update \
 && apt-get install -y --no-install-recommends libsqlite3-0 libunbound8 \
 && (apt-get install -y --no-install-recommends libmongoc-1.0-0 || apt-get install -y --no-install-recommends libmongoc2-2) \
 && rm -rf /var/lib/apt/lists/* \
 && ln -s /app/xmppctl /usr/local/bin/xmppctl \
 && install -d -m 700 -o $APP_UID -g $APP_UID /data
COPY --from=build /app /app
COPY config/xmppchat.json /etc/xmppchat/xmppchat.json
# Database, certificates and control socket live in the volume.
ENV XMPPCHAT_CONFIG=/etc/xmppchat/xmppchat.json XMPPCHAT_directory=/data
VOLUME /data
WORKDIR /data
USER $APP_UID
EXPOSE 5222 5223 5443
HEALTHCHECK --interval=60s --start-period=10s CMD ["xmppctl", "status"]
ENTRYPOINT ["/app/xmppchat"]
