"""Words that people name tables and columns with, in seven languages and in the short forms of programmers, and the
concept that each stands for.

One line per concept. A word may stand for several concepts. What a set of concepts means for a table or a column is in
``roles`` and ``columns``; how a name is taken apart is in ``names``.
"""

#: concept: words. Plurals in -s, -es, -n, -en and -e need no entry of their own.
WORDS = """
customer: customer cust cus client cliente clienti kunde kunden kund kd debitor debtor klant debiteur acheteur buyer ordinante soldto societe thirdparty dealer sold_to abnehmer committente tercero shopper patron cli clie comptoir
supplier: supplier vendor vend vnd lieferant kreditor creditor fournisseur proveedor fornitore leverancier crediteur fornecedor payee acreedor lieferer subcontractor supp
partner: partner party parties businesspartner geschaeftspartner bp addressbook socio relatie tiers trading bpartner entity
item: item itm product prod prd article art artikel produkt prodotto prodotti articolo articoli articulo producto produit produto artigo sku material mat goods merchandise stockitem inventoryitem partno teil bien ware parts arti
inventory: inventory bal stock inventoryitem stockitem stk bestand bestaende lagerbestand lagerbestaende voorraad existencias existencia giacenza giacenze estoque inventario inventaire balance quant quants lagerstand onhand invent sto lagbest lgbest giac qtagiac giacmag
warehouse: warehouse whse whs wh wrhs lager lagerort entrepot depot almacen almacenes magazzino magazzini magazijn armazem deposito store standort filiale alm magasin lag lgnr lgbez mag
location: location loc place site plant branch facility werk lagerplatz bin ubicacion ubicazione emplacement locatie shelf
order: order purchaseorder ord ordre auftrag commande cmd pedido ordine ordini orden encomenda bestelling so salesorder verkooporder kundenauftrag auftraege ped pedi cde oe auf auft
sales: sales salesorder kundenauftrag verkooporder ausgangsrechnung salesinvoice sale sls verkauf vente venta vendita vendite verkoop venda sell selling vertrieb sd outgoing ausgang ausgangs ven vta vte issotrx vkpr
purchase: purchase purch einkauf achat compra acquisto acquisti inkoop procurement buying bestellung purchaseorder eingangs eingang incoming ach compras acq
quote: quote quotation angebot offerte devis cotizacion presupuesto offerta preventivo proposal propal estimate orcamento opportunity
shipment: shipment lever liefer ship shipping shp delivery deliv dlv dlvr delvry lieferung lieferschein livraison expedition envio entrega albaran spedizione spedizioni consegna bolla ddt levering zending pakbon remessa dispatch despatch consignment picking fulfillment versand outbound bordereau remision guia alb fecent liefdat datcon
invoice: invoice salesinvoice inv ivc bill billing billed rechnung rechnungen rech faktura factura facture fattura fatture factuur facturen fatura notafiscal billingdocument re ausgangsrechnung fac fra fact fat
credit: credit gutschrift avoir abono creditmemo creditnote crmemo haben riesgo encours kred
debit: debit soll
payment: payment cash pay paid pmt pymt receipt rcpt zahlung zahlungseingang paiement reglement encaissement pago cobro pagamento pagamenti incasso incassi betaling recebimento remittance geldeingang cobranza vereinnahmung cob cobr ontvangst encaiss recaudo kasontvangst numinc datinc impinc
asset: asset equipment equip eqpt anlage geraet equipement equipo attrezzatura impianto apparaat ativo installation installedbase machine maschine apparatus fixedasset matricola
price: price pvp pricelist preisliste pricelists preislisten prc prices preis preise prix precio prezzo prezzi prijs prijzen preco tarif tarifa listino pricing pricelist vk vkpreis prz vkpr epreis gpreis
list: list pricelist preisliste listino pricelists preislisten liste lista lijst
line: line lin lines detail details det dtl position pos posten zeile ligne linea lineas riga righe regel linha ln lne row entry posn positionen postn partida renglon orderline rig
header: header head hdr hd kopf kopfdaten entete cabecera encabezado testata kop cabecalho hedr testate cab cabec tes
master: master mast mst mas stamm stammdaten stam masterfile anagrafica maestro ana anag
tax: tax vat mwst ust umsatzsteuer steuer tva iva imposta impuesto imposto btw gst mehrwertsteuer taxe fiscal cuota nif pariva
allocation: allocation alloc application applied reconcile reconciliation clearing matching ausgleich zuordnung imputacion lettrage
company: company dataareaid dataarea comp mandant firma societa empresa entity bedrijf subsidiary org organization organisation organisatie ou legalentity tenant mandt bukrs client_id gesellschaft entite azienda ledgercompany
division: division department abteilung departement businessunit costcenter cost_center kostenstelle bu profitcenter
currency: currency curr cur ccy crcd waehrung wahrung devise moneda divisa valuta munt moeda waers cucd crncy wkz curcode waehr codval
address: address addr adr adresse direccion indirizzo adres endereco anschrift
contact: contact kontakt contacto contatto contato ansprechpartner
terms: terms term zahlungsbedingung zahlungsbedingungen zahlungskondition conditions condiciones condizioni paymentterms zahlungsziel betalingsvoorwaarde condicao forpag formapago condpag zahlbed codpag
user: user username usr benutzer utilisateur usuario utente gebruiker author login operator sachbearbeiter auteur
employee: employee emp mitarbeiter employe empleado dipendente medewerker personal personnel staff
salesrep: salesrep salesperson salesman salesmen slsman slsrep rep vertreter verkaeufer commercial vendedor agente seller representative vendeur verkoper aussendienst salespers
journal: journal ledger gl buchung diario giornale grootboek move glentry hauptbuch
bank: bank banque banco banca
account: account acct acc compte cuenta conto rekening konto kto comptet
number: number num nr no nbr nummer numero numer belegnr nbre numb nummern nif lgnr numinc pariva
code: code cod cd kod schluessel kuerzel codigo codice kz kennzeichen
id: id ids oid pk rowid uid uuid guid ident identifier sysid fk key recid recno
ref: ref reference referenz referencia riferimento referentie referencie
name: name label nm nom nome nombre naam bezeichnung bez titel title designation denominazione denominacion razon ragione raison naming alph nam displayname intitule lgbez ragsoc
description: description desc descr dsc beschreibung beschr omschrijving descripcion descrizione descricao text txt texte texto testo tekst kurztext libelle memo_text langtext descrip descri dscription design des
date: date dat dt datum fecha data day tag jour dte giorno dia fec fch fecent liefdat datcon datinc
time: time zeit uhrzeit heure hora ora tijd timestamp ts tstamp stamp
due: due faellig faelligkeit faellige echeance vencimiento vence scadenza vervaldatum verval vencimento maturity faelligam limite zahlbar reglement_limit payable vto vcto venc faell sca
amount: amount amt betrag betraege montant importe monto importo bedrag valor wert value sum summe amnt mnt imp impinc
net: net extended netto untaxed ht exclusive excl subtotal base imponibile neto liquido taxable nettobetrag zwischensumme hors before imponib
gross: gross brutto ttc incl inclusive including grand bruto lordo bruttobetrag endbetrag rechnungsbetrag
total: total tot gesamt gesamtbetrag totale totaal ttl gesamtsumme totals gpreis
open: open outstanding residual remaining balance bal saldo solde offen offener offene openstaand pendiente aperto aberto restant residuo unpaid remain outstand openamt rest restbetrag faltante
applied: applied unapplied nichtzugeordnet
quantity: quantity qty qte qta menge quantite cantidad quantita aantal quantidade qnt anzahl hoeveelheid qtty quan mng stueck units stueckzahl pezzi qt bestmg resmg qtaimp qtagiac
unit: unit einzel unitaire unitario unitari stueck uom unite einheit me unidad unita eenheid unidade um mengeneinheit unt udm units_of_measure measure unimed umed uds msr unmis uni epreis
discount: discount disc dscnt rabatt remise rabais descuento sconto korting desconto skonto rebate dto
percent: percent pct perc prozent pourcentage porcentaje percentuale percentage satz proc dto
rate: rate kurs taux tasa tasso koers taxa exchrate fx exchange
status: status state stat sts etat estado stato situacao statut zustand situation statuscode stage
type: type typ tipo art_type kind soort kategorie_typ doctype sorte tp belegart
group: group grp gruppe groupe grupo gruppo groep category cat kategorie categorie categoria class klasse classe warengruppe familie famille familia famiglia segment wgr
created: created create creation erstellt angelegt erfasst crea creacion creado creato creazione aangemaakt criado criacao inserted added entered createdon insert entry_date cree anlage_datum creato_il anlagedatum erfassung aanmaak alta
changed: changed change modified modify modification updated update upd upmj geaendert aenderung aend modif maj modificado modificato modifica gewijzigd alterado atualizado last_update lastmod write edited changedon mod aenderungsdatum lastupdate ultima_modifica tms wijzig
deleted: deleted delete del geloescht supprime borrado eliminado eliminato verwijderd excluido loesch loekz removed trashed archived loeschkennzeichen baja
active: active aktiv actif activo attivo actief ativo enabled valid_flag isactive enable
blocked: blocked block gesperrt sperre bloque bloqueado bloccato geblokkeerd hold locked sperr gsperrt inactive disabled blacklist sperrkz
cost: cost kosten cout costo costi custo ek einstandspreis selbstkosten purchaseprice buyprice einkaufspreis cogs stdcost avgcost valuation inkoopprijs achatprix wareneinsatz pmp unitcost precoste preciocoste costprice purprc buypr cmup kost kostprijs kostpreis revient wareneinstand ekpr ekpreis przacq cosult cosmed
margin: margin marge margen margine margem profit gewinn deckungsbeitrag markup gm db1
salary: salary wage gehalt lohn salaire salario stipendio salaris payroll commission provision
iban: iban bic swift kontonummer bankaccount bankkonto rib ccc blz bankleitzahl iban_code sortcode routing kontonr bankverbindung cuentaban cuentabancaria ctabancaria bankrekening rekeningnummer rekeningnr bankkto ibancli
birth: birth birthday dob birthdate geburtsdatum geburtstag naissance nacimiento nascita geboortedatum nascimento gebdat gebdatum
secret: password passwd pwd passwort kennwort motdepasse contrasena wachtwoord senha secret token salt apikey pin otp hash cvv cvc pass
person: ssn gender sex geschlecht religion nationality passport pesel dni nationalid marital sexe sexo religione socialsecurity steuerid race ethnicity health driverlicense driver license
card: creditcard cardnumber kreditkarte ccnum cardno pan
weight: weight wt gewicht poids peso wgt gew massa
volume: volume vol volumen
street: street str strasse rue calle via straat rua street1 addressline road indir
city: city town ort stadt ville ciudad poblacion citta comune plaats cidade municipio localita wohnort city_name localidad woonplaats vestigingsplaats
postal: postal cep zip plz postcode postalcode cap zipcode cp postleitzahl codpostal pcode postcod codpos cpostal
region: region province state_province provincia bundesland departement_region estado_region county
country: country ctry land pays pais paese nazione landcode countrycode nation iso2 lnd cntry lkz
phone: phone tel telephone telefon telefono telefone telefoon phoneno mobile cell fono fon handy telnr telef
fax: fax telefax
email: email mail emailaddress epost correo courriel e_mail smtp
website: website web url homepage site_web www webseite
language: language lang lng sprache langue idioma lingua taal langcode spras locale
note: note notes remark remarks comment bemerkung notiz remarque commentaire nota observacion osservazioni opmerking observacao memo comments notas notat annotation kommentar hinweis
serial: serial serialno sn seriennummer serie seriennr serialnumber matricule serienr srlno
lot: lot batch charge lote lotto partij losnummer lotnumber
tracking: tracking track trackingnumber sendungsnummer awb suivi seguimiento tracciamento waybill trackingno trackandtrace trck
carrier: carrier spediteur transporteur transportista vettore vervoerder transportadora shipper forwarder frachtfuehrer spedition shipvia
incoterm: incoterm incoterms lieferbedingung inco deliveryterms
requested: requested required reqd request req wunsch wunschtermin gewuenscht souhaite solicitado richiesta richiesto gewenst wunschdatum desired rqst
promised: promised promise confirmed confirm bestaetigt prevue confirmado confermata bevestigd scheduled schedule geplant planned planning previsto expected erwartet soll_datum estimated commitment committed estimada prevista forecast etd plan
actual: actual ist effective real reel done effectif effettiva actual_date reelle
shipped: shipped geliefert delivered expedie enviado spedito consegnato geleverd entregue liefermenge verschickt livree
invoiced: invoiced berechnet facturado fatturato gefactureerd faturado fakturiert billedqty facturee
ordered: ordered bestellt commande_qte ordinato besteld ordermenge orderqty bestellmenge auftragsmenge commandee
reserved: reserved alloc reserviert reserve reservado riservato gereserveerd prenotato impegnato allocated commit committedqty stockres reserv resmg qtaimp
available: available avail verfuegbar disponible disponibile beschikbaar disponivel atp
onhand: onhand handen hand physical physique fisico fisica phys qoh reel_stock vorraetig stockact stockactual existact
transit: transit unterwegs intransit
minimum: minimum min mindest minimo minima minimal stockmin
maximum: maximum max maximal maximo massimo
reorder: reorder meldebestand nachbestell reorderpoint rop punto_riordino melde
safety: safety sicherheit sicherheitsbestand seguridad scorta securite
valid: valid gueltig validity gueltigkeit validite vigente vigencia validita geldig valido
from: from von ab desde dal vanaf begin start beginn debut inicio inizio starting since de_date startdate seit
to: to bis until hasta fin ende end al tot_date ending expiry expire expires expiration thru ablauf ate enddate einde fine through
warranty: warranty garantie garantia garanzia gewaehrleistung guarantee
limit: limit lim plafond limite fido kreditlimit creditlimit limiet encours
parent: parent haupt superior padre mere principal_id uebergeordnet konzern
payer: payer zahler regulierer billto bill_to rechnungsempfaenger invoiceto pagador payor invoice_to pagatore
shipto: shipto ship_to lieferadresse warenempfaenger deliveryaddress deliverto destinatario lieferempfaenger empfaenger
issued: issued issue ausgestellt emissao emision emissione emis
received: received erhalten recu recibido ricevuto ontvangen recebido
standard: standard std normal
transaction: transaction trx txn transactions trans
external: external extern externe esterno externo
po: po customerpo ponumber bestellnummer yourref poreference bestnr customerreference customerorder ourref kundenbestellung ihrzeichen purchaseordernumber custpo supedido suref uwreferentie votreref kdbestnr kundenbestnr rifcli
ean: ean gtin barcode upc ean13 eancode strichcode codigo_barras codebarre
manufacturer: manufacturer mfr mfg hersteller fabricant fabricante produttore fabrikant manu marke brand make maker
model: model modell modele modelo modello
year: year jahr annee ano anno jaar yr fiscalyear period periode gjahr baujahr
posting: posting buchungsdatum booking comptable contabilizacion registrazione boeking contabil posted accounting buchungs
document: document doc documento beleg dokument docs piece belegnummer vbeln voucher comprobante stuk piece_no
dunning: dunning mahn mahnung mahnstufe relance reminder sollecito aanmaning
dispute: dispute disputed reklamation litige streitig
sequence: sequence seq sort sortorder reihenfolge laufnr lfdnr sequenz orderby rang sorting idx index ordinal position_no rank sortierung
lead: lead leadtime lieferzeit wiederbeschaffungszeit
months: months monate month mois meses mesi maanden monat
days: days tage jours dias giorni dagen
image: image img foto photo picture bild logo avatar thumbnail foto_url
log: log audit history hist histo historie trace protokoll hst backup bak tmp temp staging import queue event cron session migration migrations archive archiv snapshot
setup: setup config configuration setting settings parameter parametre einstellung option options property properties preference template vorlage
method: method methode metodo modo mode zahlungsart betaalwijze zahlweise paymentmethod forma tender
bankref: verwendungszweck statement transactionid txnref trxref auszug
reason: reason grund motif motivo reden causa reasoncode
attribute: attribute attr extra custom udf userdefined zusatz flex segment_field userfield freifeld
local: local lcy base_currency functional company_currency lokal hauswaehrung acctd locale_curr home
foreign: foreign fremd fremdwaehrung devises
packages: packages package pakete colis pkgs boxes parcel parcels kolli bultos colli
freight: freight fracht port porto transportkosten versandkosten frachtkosten fret
bin: bin lagerplatz storagebin
tracked: serialized serialised managed tracked
hazardous: hazardous hazard gefahrgut dangerous hazmat
origin: origin herkunft ursprung origine origen ursprungsland provenance
successor: successor nachfolger ersatz substitute replacement remplacement sustituto superseded
commodity: commodity zolltarifnummer hs hscode tarifnummer intrastat tariff customs
install: install installed installiert inbetriebnahme einbau commissioning commissioned aufstellung
service: service wartung maintenance entretien mantenimiento manutenzione onderhoud manutencao serviceable
next: next naechste naechster prochain proximo prossima volgende
last: last letzte letzter dernier ultimo ultima laatste recent
contract: contract vertrag contrat contrato contratto
exposure: exposure obligo engagement
sub: sub unter
"""
