"""The same business in short names: a German and an Italian ERP of a programmer, and Sage 300."""

from datetime import date

from tests.init.business import Business
from tests.init.schemas import T


def n(day: date | None) -> int:
    return int(day.strftime("%Y%m%d")) if day else 0


def kopf(b: Business) -> list[T]:
    """German: the thing and Kopf or Pos, codes of currency and payment as letters."""
    return [
        T("KUNDE", "KDNR:int pk, NAME1:text(40), NAME2:text(40), STR:text(40), PLZ:text(10), ORT:text(40), LKZ:char(3), TELNR:text(30), ZAHLBED:int, KREDLIM:num(12,2), BANKKTO:text(34), SPERRKZ:char(1)", [(c.id+10000, c.name, None, c.street, c.postal, c.city, c.country, c.phone, c.terms, c.limit, c.iban, "N") for c in b.customers]),
        T("ARTIKEL", "ARTNR:text(20) pk, BEZ1:text(40), BEZ2:text(40), WGR:text(5), ME:char(3), VKPR:num(12,2), EKPR:num(12,2), GEW:num(10,3)", [(i.number, i.name, None, i.group, i.unit, i.price, i.cost, i.weight) for i in b.items]),
        T("LAGERORT", "LGNR:char(3) pk, LGBEZ:text(30)", [(w.code, w.name) for w in b.warehouses]),
        T("LAGBEST", "ARTNR:text(20) pk, LGNR:char(3) pk, BESTMG:num(12,3), RESMG:num(12,3)", [(s.item.number, s.warehouse.code, s.on_hand, s.reserved) for s in b.stock]),
        T("AUFKOPF", "AUFNR:int pk, KDNR:int nn, AUFDAT:date, LIEFDAT:date, KDBESTNR:text(30), STATUS:char(1), NETTO:num(12,2), MWST:num(12,2), BRUTTO:num(12,2)", [(o.id, o.customer.id+10000, o.day, o.requested, o.reference, o.status[0], o.net, o.tax, o.gross) for o in b.orders]),
        T("AUFPOS", "AUFNR:int pk, POSNR:int pk, ARTNR:text(20), BEZ:text(40), MENGE:num(12,3), EPREIS:num(12,2), GPREIS:num(12,2)", [(o.id, x.number, x.item.number, x.item.name, x.quantity, x.price, x.net) for o in b.orders for x in o.lines]),
        T("RECHKOPF", "RECHNR:int pk, AUFNR:int, KDNR:int nn, RECHDAT:date, FAELLDAT:date, WAEHR:char(3), NETTO:num(12,2), MWST:num(12,2), BRUTTO:num(12,2), OFFEN:num(12,2), BEZAHLTKZ:char(1)", [(v.id, v.order.id, v.customer.id+10000, v.day, v.due, v.customer.currency, v.net, v.tax, v.gross, v.open, "J" if v.status == "Paid" else "N") for v in b.invoices]),
        T("RECHPOS", "RECHNR:int pk, POSNR:int pk, ARTNR:text(20), BEZ:text(40), MENGE:num(12,3), EPREIS:num(12,2), GPREIS:num(12,2)", [(v.id, x.number, x.item.number, x.item.name, x.quantity, x.price, x.net) for v in b.invoices for x in v.lines]),
        T("ZAHLUNG", "ZAHLNR:int pk, KDNR:int, RECHNR:int, ZAHLDAT:date, BETRAG:num(12,2)", [(p.id, p.customer.id+10000, p.invoice.id, p.day, p.amount) for p in b.payments]),
    ]  # fmt: skip


def sage300(b: Business) -> list[T]:
    """What a column is before what it is of, days as numbers, lines counted by 32."""
    return [
        T("ARCUS", "IDCUST:char(12) pk, TEXTSNAM:char(10), NAMECUST:char(60), TEXTSTRE1:char(60), NAMECITY:char(30), CODEPSTL:char(20), CODECTRY:char(30), TEXTPHON1:char(30), CODETERM:char(6), CODECURN:char(3), AMTCRLIMT:num(19,3), SWACTV:small, SWHOLD:small, DATELASTMN:num(9,0)", [(c.number, c.name[:10], c.name, c.street, c.city, c.postal, c.country, c.phone, f"N{c.terms}", c.currency, c.limit, 1, 0, n(c.created)) for c in b.customers]),
        T("ICITEM", "ITEMNO:char(24) pk, FMTITEMNO:char(24), DESC:char(60), CATEGORY:char(6), STOCKUNIT:char(10), UNITWGT:num(19,4), INACTIVE:small", [(i.number, i.number, i.name, i.group, i.unit, i.weight, 0) for i in b.items]),
        T("ICLOC", "LOCATION:char(6) pk, DESC:char(60), CITY:char(30)", [(w.code, w.name, w.city) for w in b.warehouses]),
        T("ICILOC", "ITEMNO:char(24) pk, LOCATION:char(6) pk, QTYONHAND:num(19,4), QTYONORDER:num(19,4), QTYSALORDR:num(19,4), QTYCOMMIT:num(19,4), TOTALCOST:num(19,3)", [(s.item.number, s.warehouse.code, s.on_hand, 0, 0, s.reserved, 1) for s in b.stock]),
        T("OEORDH", "ORDUNIQ:num(19,0) pk, ORDNUMBER:char(22) unique nn, CUSTOMER:char(12), ORDDATE:num(9,0), EXPDATE:num(9,0), PONUMBER:char(22), ORDSOURCURR:char(3), TYPE:small, COMPLETE:small, INVNETNOTX:num(19,3), ORDTOTAL:num(19,3)", [(o.id, o.number, o.customer.number, n(o.day), n(o.requested), o.reference, o.customer.currency, 1, 1, o.net, o.gross) for o in b.orders]),
        T("OEORDD", "ORDUNIQ:num(19,0) pk, LINENUM:small pk, ITEM:char(24), DESC:char(60), QTYORDERED:num(19,4), UNITPRICE:num(19,6), ORDUNIT:char(10), EXTINVMISC:num(19,3), UNITCOST:num(19,6)", [(o.id, x.number*32, x.item.number, x.item.name, x.quantity, x.price, x.item.unit, x.net, x.item.cost) for o in b.orders for x in o.lines]),
        T("OEINVH", "INVUNIQ:num(19,0) pk, INVNUMBER:char(22) unique nn, ORDNUMBER:char(22), CUSTOMER:char(12), INVDATE:num(9,0), INVDUEDATE:num(9,0), INSOURCURR:char(3), INVNETNOTX:num(19,3), INVITAXTOT:num(19,3), INVNETWTX:num(19,3), PONUMBER:char(22)", [(v.id, v.number, v.order.number, v.customer.number, n(v.day), n(v.due), v.customer.currency, v.net, v.tax, v.gross, v.order.reference) for v in b.invoices]),
        T("OEINVD", "INVUNIQ:num(19,0) pk, LINENUM:small pk, ITEM:char(24), DESC:char(60), QTYSHIPPED:num(19,4), UNITPRICE:num(19,6), EXTINVMISC:num(19,3), EXTICOST:num(19,3)", [(v.id, x.number*32, x.item.number, x.item.name, x.quantity, x.price, x.net, 1) for v in b.invoices for x in v.lines]),
    ]  # fmt: skip


def anagrafica(b: Business) -> list[T]:
    """Italian: three letters for each word, two words for each name."""
    return [
        T("ANACLI", "CODCLI:text(10) pk, RAGSOC:text(60), INDIR:text(60), CAP:text(10), LOCALITA:text(40), PROV:text(2), PARIVA:text(20), TELEF:text(20), CODPAG:text(4), FIDO:num(12,2), IBANCLI:text(34)", [(c.number, c.name, c.street, c.postal, c.city, "MI", None, c.phone, f"{c.terms}G", c.limit, c.iban) for c in b.customers]),
        T("ANAART", "CODART:text(20) pk, DESART:text(60), CODCAT:text(5), UNMIS:text(3), PRZVEN:num(12,2), PRZACQ:num(12,2), COSULT:num(12,2)", [(i.number, i.name, i.group, i.unit, i.price, i.cost, i.cost) for i in b.items]),
        T("ANAMAG", "CODMAG:text(3) pk, DESMAG:text(30)", [(w.code, w.name) for w in b.warehouses]),
        T("GIACMAG", "CODART:text(20) pk, CODMAG:text(3) pk, QTAGIAC:num(12,3), QTAIMP:num(12,3)", [(s.item.number, s.warehouse.code, s.on_hand, s.reserved) for s in b.stock]),
        T("TESORD", "NUMORD:int pk, DATORD:date, DATCON:date, CODCLI:text(10), RIFCLI:text(30), IMPONIB:num(12,2), IMPOSTA:num(12,2), TOTORD:num(12,2)", [(o.id, o.day, o.requested, o.customer.number, o.reference, o.net, o.tax, o.gross) for o in b.orders]),
        T("RIGORD", "NUMORD:int pk, NUMRIG:int pk, CODART:text(20), DESRIG:text(60), QTA:num(12,3), PRZUNI:num(12,2), IMPRIG:num(12,2)", [(o.id, x.number, x.item.number, x.item.name, x.quantity, x.price, x.net) for o in b.orders for x in o.lines]),
        T("TESFAT", "NUMFAT:int pk, DATFAT:date, DATSCA:date, CODCLI:text(10), CODVAL:text(3), IMPONIB:num(12,2), IMPOSTA:num(12,2), TOTFAT:num(12,2), RESIDUO:num(12,2)", [(v.id, v.day, v.due, v.customer.number, v.customer.currency, v.net, v.tax, v.gross, v.open) for v in b.invoices]),
        T("RIGFAT", "NUMFAT:int pk, NUMRIG:int pk, CODART:text(20), DESRIG:text(60), QTA:num(12,3), PRZUNI:num(12,2), IMPRIG:num(12,2)", [(v.id, x.number, x.item.number, x.item.name, x.quantity, x.price, x.net) for v in b.invoices for x in v.lines]),
        T("INCASSI", "NUMINC:int pk, CODCLI:text(10), DATINC:date, IMPINC:num(12,2)", [(p.id, p.customer.number, p.day, p.amount) for p in b.payments]),
    ]  # fmt: skip
